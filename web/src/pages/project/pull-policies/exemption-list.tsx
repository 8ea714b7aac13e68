import { Button, Menu, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { invalidate } from '../../../api/queries.ts'
import { confirmDestruction } from '../../../components/confirm.ts'
import { DataList, wholeList, type Column } from '../../../components/data-list.tsx'
import { AddIcon, DeleteIcon, ScheduleIcon } from '../../../components/icons.ts'
import { Section } from '../../../components/page.tsx'
import { RowMenu } from '../../../components/row-menu.tsx'
import { EmptyFace } from '../../../components/states.tsx'
import { toast } from '../../../components/toast.ts'
import { StatusBadge, useMinute } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { isHarborKey } from './exemption-form.tsx'
import { endExemption, policyPaths, useExemptions, type Exemption, type PolicyPlace } from './policy-api.ts'

interface ExemptionListProps {
  readonly project: PolicyPlace
  readonly mayChange: boolean
  onAdd(): void
}

const isOver = ({ expires_at: end }: Exemption, now: number) => Date.parse(end) <= now

/** What passes for a time, who answers for it, why and until when. Ended ones stay until they are removed. */
export function ExemptionList({ project, mayChange, onAdd }: ExemptionListProps) {
  const t = useTranslations('pullPolicies.exemptions')
  const client = useQueryClient()
  const now = useMinute()
  const format = useFormat()
  const whatText = useExemptText()
  const { data, error, refetch } = useExemptions(project)
  const askToEnd = (exemption: Exemption) => {
    const ended = isOver(exemption, now)
    confirmDestruction({
      title: t(ended ? 'removeTitle' : 'endTitle', { what: whatText(exemption) }),
      what: t(ended ? 'removeWhat' : 'endWhat'),
      action: t(ended ? 'remove' : 'end'),
      run: async () => {
        await endExemption(project, exemption.id)
        await invalidate(client, ...policyPaths)
        toast(t(ended ? 'removed' : 'ended'))
      },
    })
  }
  const columns: readonly Column<Exemption>[] = [
    {
      key: 'what',
      header: t('what'),
      width: 'minmax(11rem, 2fr)',
      cell: (exemption) => (
        <Stack gap={0} miw={0}>
          <Text fw={500} truncate title={whatText(exemption)}>
            {whatText(exemption)}
          </Text>
          <From exemption={exemption} />
        </Stack>
      ),
    },
    {
      key: 'reason',
      header: t('reason'),
      width: 'minmax(0, 2fr)',
      from: 'md',
      cell: ({ reason }) => (
        <Text size="sm" truncate title={reason}>
          {reason}
        </Text>
      ),
    },
    { key: 'author', header: t('author'), width: '8rem', from: 'sm', cell: ({ username }) => username },
    {
      key: 'until',
      header: t('until'),
      width: '9rem',
      cell: (exemption) =>
        isOver(exemption, now) ? (
          <StatusBadge tone="neutral">{t('over')}</StatusBadge>
        ) : (
          <time dateTime={exemption.expires_at} title={format.exact(new Date(exemption.expires_at))}>
            {format.date(new Date(exemption.expires_at))}
          </time>
        ),
    },
  ]
  return (
    <Section
      flush
      title={t('title')}
      description={t('hint')}
      actions={
        mayChange && (
          <Button variant="default" leftSection={<AddIcon size={15} />} onClick={onAdd}>
            {t('new')}
          </Button>
        )
      }
    >
      <DataList
        label={t('title')}
        rows={{ ...wholeList(data, error), retry: () => void refetch() }}
        columns={columns}
        keyOf={({ id }) => id}
        below={({ reason, username }) => (
          <Text size="xs" c="dimmed" truncate title={reason}>
            {t('reasonBy', { reason, username })}
          </Text>
        )}
        phoneHeight={84}
        {...(mayChange
          ? {
              actions: (exemption: Exemption) => (
                <RowMenu name={whatText(exemption)}>
                  <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => askToEnd(exemption)}>
                    {t(isOver(exemption, now) ? 'remove' : 'end')}
                  </Menu.Item>
                </RowMenu>
              ),
            }
          : {})}
        empty={
          <EmptyFace icon={ScheduleIcon} title={t('noneTitle')}>
            {t('noneText')}
          </EmptyFace>
        }
      />
    </Section>
  )
}

function From({ exemption: { policy } }: { readonly exemption: Exemption }) {
  const t = useTranslations('pullPolicies')
  const name = policy === '' ? t('exemptions.everyPolicy') : isHarborKey(policy) ? t(`harbor.${policy}`) : policy
  return (
    <Text size="xs" c="dimmed" truncate title={name}>
      {t('exemptions.from', { policy: name })}
    </Text>
  )
}

/** What an exemption lets pass, as narrowly as it says. */
export function useExemptText(): (exemption: Exemption) => string {
  const t = useTranslations('pullPolicies.exemptions')
  return ({ vulnerability, digest, repositories }) => {
    const place = repositories === '**' ? undefined : repositories
    const thing = vulnerability ?? digest?.slice(0, 19)
    if (thing !== undefined) return place === undefined ? thing : t('thingIn', { thing, place })
    return place ?? t('everything')
  }
}
