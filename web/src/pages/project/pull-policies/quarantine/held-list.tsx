import { Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { RowOf } from '../../../../api/client.ts'
import { query } from '../../../../api/queries.ts'
import { SuccessIcon } from '../../../../components/icons.ts'
import { LinkAnchor } from '../../../../components/links.tsx'
import { ErrorFace, LoadingFace } from '../../../../components/states.tsx'
import { Digest, RelativeTime } from '../../../../components/values.tsx'
import { artifactAddress } from '../../../../shell/addresses.ts'
import type { ProjectPageProps } from '../../project-frame.tsx'
import { useViolationText } from '../policy-words.ts'
import styles from '../pull-policies.module.css'
import { RejectForm, ReleaseForm } from './decide-forms.tsx'

export type HeldArtifact = RowOf<'GET /projects/{project_name_or_id}/quarantine'>

interface HeldListProps extends Pick<ProjectPageProps, 'can'> {
  readonly project: string
}

/** What is released while somebody looks goes from the list by itself. */
const refreshMs = 5_000
const shown = 100

/** The oldest first. */
export function HeldList({ project, can }: HeldListProps) {
  const t = useTranslations('quarantine')
  const { data, error, refetch } = useQuery({
    ...query('GET /projects/{project_name_or_id}/quarantine', {
      params: { project_name_or_id: project },
      query: { page_size: shown },
    }),
    refetchInterval: refreshMs,
  })
  if (error !== null) return <ErrorFace error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <LoadingFace lines={2} />
  return (
    <Stack gap="sm">
      <Group gap="xs" wrap="nowrap" aria-live="polite">
        {data.length === 0 && <SuccessIcon size={16} aria-hidden className={styles.good} />}
        <Text size="sm" fw={500}>
          {data.length < shown ? t('count', { count: data.length }) : t('countFirst', { count: String(shown) })}
        </Text>
      </Group>
      {data.length > 0 && (
        <ul className={styles.held} aria-label={t('title')}>
          {data.map((held) => (
            <HeldRow key={held.id} {...{ project, held, can }} />
          ))}
        </ul>
      )}
    </Stack>
  )
}

interface HeldRowProps extends HeldListProps {
  readonly held: HeldArtifact
}

function HeldRow({ project, held, can }: HeldRowProps) {
  const t = useTranslations('quarantine')
  const { repository, digest, tags } = held
  const [tag] = tags
  const name = tag === undefined ? repository : `${repository}:${tag}`
  return (
    <li>
      <Group gap="xs">
        <LinkAnchor {...artifactAddress(repository, tag ?? digest)} fw={500} className={styles.name ?? ''}>
          {name}
        </LinkAnchor>
        {tag === undefined && <Digest digest={digest} copy={false} />}
        {tags.length > 1 && (
          <Text size="xs" c="dimmed">
            {t('moreTags', { count: tags.length - 1 })}
          </Text>
        )}
      </Group>
      <HeldFacts held={held} />
      <HeldActions {...{ project, held, can }} name={name} />
    </li>
  )
}

/** Who pushed it, until when it may stay, and what it waits for. */
export function HeldFacts({ held }: { readonly held: HeldArtifact }) {
  const t = useTranslations('quarantine')
  const policies = useTranslations('pullPolicies')
  const textOf = useViolationText()
  const times = {
    since: () => <RelativeTime time={held.push_time} />,
    until: () => (held.expires_at === undefined ? null : <RelativeTime time={held.expires_at} />),
  }
  return (
    <>
      <Text size="sm" c="dimmed" component="div">
        {t.rich(held.expires_at === undefined ? 'pushed' : 'pushedUntil', { by: held.pushed_by, ...times })}
      </Text>
      {held.awaits.map((awaited) => (
        <Text key={awaited.policy} size="sm" mt={4} className={styles.why ?? ''} title={awaited.message}>
          {awaited.policy === 'quarantine'
            ? textOf(awaited)
            : policies('says', { policy: awaited.policy, why: textOf(awaited) })}
        </Text>
      ))}
    </>
  )
}

interface HeldActionsProps extends HeldRowProps {
  /** For the titles of the forms. */
  readonly name: string
}

export function HeldActions({ project, held, name, can }: HeldActionsProps) {
  const t = useTranslations('quarantine')
  const [open, setOpen] = useState<'release' | 'reject'>()
  const close = () => setOpen(undefined)
  const [mayRelease, mayReject] = [can('configuration', 'update'), can('artifact', 'delete')]
  if (!mayRelease && !mayReject) return null
  return (
    <Group gap="xs" mt="xs">
      {mayRelease && (
        <Button variant="default" size="xs" onClick={() => setOpen('release')}>
          {t('release')}
        </Button>
      )}
      {mayReject && (
        <Button variant="subtle" color="red" size="xs" onClick={() => setOpen('reject')}>
          {t('reject')}
        </Button>
      )}
      {open === 'release' && <ReleaseForm {...{ project, held, name }} onClose={close} />}
      {open === 'reject' && <RejectForm {...{ project, held, name }} onClose={close} />}
    </Group>
  )
}
