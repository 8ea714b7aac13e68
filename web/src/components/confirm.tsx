import { Alert, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useState, useSyncExternalStore, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { ErrorIcon } from './icons.ts'
import { ErrorText } from './states.tsx'

export interface Destruction {
  /** A question that names the thing: `Delete project ada?` */
  readonly title: string
  /** What will be destroyed with it, and what cannot be had back. */
  readonly what: ReactNode
  /** What must be typed first, for what is large or cannot be undone. */
  readonly typed?: string
  /** The word on the button; default: Delete. */
  readonly action?: string
  /** There is no way back; default true. False where the trash keeps it. */
  readonly final?: boolean
  /** Does it. While it runs the button waits; when it fails the reason is shown and it can be tried again. */
  run(): Promise<unknown>
}

let asked: Destruction | undefined
const listeners = new Set<() => void>()

/** Asks before something is destroyed. `ConfirmHost` in the shell draws the question. */
export function confirmDestruction(destruction: Destruction | undefined): void {
  asked = destruction
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function ConfirmHost() {
  const destruction = useSyncExternalStore(subscribe, () => asked)
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

/** Why a form was refused. */
export function FormError({ error }: { readonly error: unknown }) {
  return (
    <Alert color="red" variant="light" icon={<ErrorIcon size={18} />} role="alert">
      <ErrorText error={error} />
    </Alert>
  )
}
