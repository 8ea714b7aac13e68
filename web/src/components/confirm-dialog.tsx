import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { askedDestruction, confirmDestruction, subscribeToDestructions, type Destruction } from './confirm.ts'
import { FormError } from './form-error.tsx'

export function ConfirmDialog() {
  const destruction = useSyncExternalStore(subscribeToDestructions, askedDestruction)
  // The dialogue keeps its words while it fades away.
  const [last, setLast] = useState<Destruction>()
  if (destruction !== undefined && destruction !== last) setLast(destruction)
  const t = useTranslations('common')
  return (
    <Modal
      opened={destruction !== undefined}
      onClose={() => confirmDestruction(undefined)}
      title={last?.title}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {last !== undefined && <ConfirmBody key={last.title} destruction={last} />}
    </Modal>
  )
}

function ConfirmBody({ destruction }: { readonly destruction: Destruction }) {
  const t = useTranslations('common')
  const { what, typed, action, final = true, run } = destruction
  const [text, setText] = useState('')
  const [pending, setPending] = useState(false)
  const [error, setError] = useState<unknown>()
  const submit = async () => {
    setPending(true)
    try {
      await run()
      confirmDestruction(undefined)
    } catch (thrown) {
      setError(thrown)
    } finally {
      setPending(false)
    }
  }
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <Stack gap="md">
        <Text component="div">{what}</Text>
        {final && <Text fw={500}>{t('cannotBeUndone')}</Text>}
        {typed !== undefined && (
          <TextInput
            label={t('typeToConfirm', { name: typed })}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        {error !== undefined && <FormError error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button
            variant="default"
            onClick={() => confirmDestruction(undefined)}
            data-autofocus={typed === undefined || undefined}
          >
            {t('cancel')}
          </Button>
          <Button type="submit" color="red.8" loading={pending} disabled={typed !== undefined && text !== typed}>
            {action ?? t('delete')}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
