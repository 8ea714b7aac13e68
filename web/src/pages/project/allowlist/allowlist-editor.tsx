import { Button, Group, Pill, Stack, Text, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { FormError } from '../../../components/form-error.tsx'
import { AddIcon } from '../../../components/icons.ts'
import { Notice } from '../../../components/notice.tsx'
import { toast } from '../../../components/toast.ts'
import { useMinute } from '../../../components/values.tsx'
import { useFormat } from '../../../i18n/format.ts'
import { endOfDay, idsIn, idsOf, isExpired, lastDayOf, type Allowlist } from './allowlist.ts'

interface AllowlistEditorProps {
  readonly list: Allowlist
  /** Whoever may only read sees no fields. */
  readonly canChange: boolean
  save(list: { items: { cve_id: string }[]; expires_at: number | null }): Promise<unknown>
}

/** The same in every language. */
const exampleId = 'CVE-2024-3094'

/** The ids of a list and the day on which it ends. */
export function AllowlistEditor({ list, canChange, save }: AllowlistEditorProps) {
  const t = useTranslations('allowlist')
  const common = useTranslations('common')
  const known = idsOf(list)
  const [ids, setIds] = useState<readonly string[]>(known)
  const [text, setText] = useState('')
  const [day, setDay] = useState(lastDayOf(list))
  const isChanged = ids.join('\n') !== known.join('\n') || day !== lastDayOf(list)
  const saving = useMutation({
    mutationFn: async () => await save({ items: ids.map((id) => ({ cve_id: id })), expires_at: endOfDay(day) }),
    onSuccess: () => toast(common('saved')),
  })
  const add = () => {
    setIds([...new Set([...ids, ...idsIn(text)])])
    setText('')
  }
  return (
    <Stack gap="md">
      <Expiry list={list} />
      {ids.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('empty')}
        </Text>
      ) : (
        <Pill.Group aria-label={t('ids')} role="list">
          {ids.map((id) => (
            <span key={id} role="listitem">
              <Pill
                withRemoveButton={canChange}
                onRemove={() => setIds(ids.filter((each) => each !== id))}
                removeButtonProps={{ 'aria-label': t('remove', { id }), 'aria-hidden': false, tabIndex: 0 }}
              >
                {id}
              </Pill>
            </span>
          ))}
        </Pill.Group>
      )}
      {canChange && (
        <>
          <form
            onSubmit={(event) => {
              event.preventDefault()
              add()
            }}
          >
            <Group gap="xs" align="flex-end">
              <TextInput
                label={t('add')}
                description={t('addHint')}
                placeholder={exampleId}
                value={text}
                onChange={(event) => setText(event.currentTarget.value)}
                spellCheck={false}
                autoComplete="off"
                w={{ base: '100%', sm: '26rem' }}
              />
              <Button
                type="submit"
                variant="default"
                leftSection={<AddIcon size={15} />}
                disabled={idsIn(text).length === 0}
              >
                {t('addButton')}
              </Button>
            </Group>
          </form>
          <TextInput
            type="date"
            label={t('lastDay')}
            description={t('lastDayHint')}
            value={day}
            onChange={(event) => setDay(event.currentTarget.value)}
            w={{ base: '100%', sm: '26rem' }}
          />
          {saving.error !== null && <FormError error={saving.error} />}
          <Group gap="xs">
            <Button disabled={!isChanged} loading={saving.isPending} onClick={() => saving.mutate()}>
              {common('save')}
            </Button>
            {isChanged && (
              <Button
                variant="default"
                onClick={() => {
                  setIds(known)
                  setDay(lastDayOf(list))
                }}
              >
                {common('cancel')}
              </Button>
            )}
          </Group>
        </>
      )}
    </Stack>
  )
}

function Expiry({ list }: { readonly list: Allowlist }) {
  const t = useTranslations('allowlist')
  const format = useFormat()
  const now = useMinute()
  const { expires_at: seconds } = list
  if (seconds === undefined || seconds === null) return null
  const when = format.date(new Date(seconds * 1_000 - 1))
  return isExpired(list, now) ? (
    <Notice tone="warn">{t('expired', { when })}</Notice>
  ) : (
    <Text size="sm">{t('counts', { when })}</Text>
  )
}
