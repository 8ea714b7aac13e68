import { Button, Group, Modal, Progress, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { runBatch, type BatchOutcome } from '../api/batch.ts'
import styles from './bulk-dialog.module.css'
import type { BulkAction, Item } from './bulk.ts'
import { FormError } from './form-error.tsx'
import { ErrorText } from './states.tsx'
import { toast } from './toast.ts'

interface BulkDialogProps<Row> {
  readonly action: BulkAction<Row>
  readonly rows: readonly Row[]
  nameOf(row: Row): string
  /** These are left, refused or not tried; the others are done. */
  onRest(items: ReadonlySet<Item>): void
  onClose(): void
}

/** Names that the question lists. */
const maxNamed = 8

type State =
  | { readonly is: 'asking' }
  | { readonly is: 'running'; readonly tried: number }
  | { readonly is: 'over'; readonly outcome: BatchOutcome }

/** Asks before something is done to many, does it, and says of each that was refused why. */
export function BulkDialog<Row>({ action, rows: chosen, nameOf, onRest, onClose }: BulkDialogProps<Row>) {
  const common = useTranslations('common')
  const client = useQueryClient()
  // As they were when the question was asked: what is done leaves the list.
  const [rows] = useState(chosen)
  const [state, setState] = useState<State>({ is: 'asking' })
  const [wish, setWish] = useState(action.wish)
  const [typed, setTyped] = useState('')
  const stop = useRef<AbortController>(undefined)
  const names = new Map(rows.map((row) => [action.itemOf(row), nameOf(row)]))
  const toType = action.typed?.(names.size)
  const submit = async () => {
    const controller = new AbortController()
    stop.current = controller
    setState({ is: 'running', tried: 0 })
    const outcome = await runBatch([...names.keys()], async (items) => await action.send(items, wish ?? ''), {
      onProgress: (tried) => setState({ is: 'running', tried }),
      signal: controller.signal,
    })
    await action.after(client)
    const { done, refused, untried } = outcome
    const { undo } = action
    if (done.length > 0) toast(action.done(done.length), undo && { run: async () => await undo(client, done) })
    onRest(new Set([...refused.keys(), ...untried]))
    if (refused.size === 0 && untried.length === 0) onClose()
    else setState({ is: 'over', outcome })
  }
  const isReady = (action.field === undefined || wish !== undefined) && (toType ?? typed) === typed
  const close = () => {
    stop.current?.abort()
    onClose()
  }
  return (
    <Modal
      opened
      onClose={close}
      title={action.title(names.size)}
      closeOnClickOutside={state.is !== 'running'}
      closeButtonProps={{ 'aria-label': common('close') }}
    >
      {state.is === 'over' ? (
        <Outcome action={action} outcome={state.outcome} names={names} onClose={close} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            void submit()
          }}
        >
          <Stack gap="md">
            {action.what !== undefined && <Text component="div">{action.what}</Text>}
            <Names names={[...names.values()]} />
            {action.final === true && <Text fw={500}>{common('cannotBeUndone')}</Text>}
            {action.field?.({ onWish: setWish })}
            {toType !== undefined && (
              <TextInput
                label={common('typeToConfirm', { name: toType })}
                value={typed}
                onChange={(event) => setTyped(event.currentTarget.value)}
                autoComplete="off"
                data-autofocus
              />
            )}
            {state.is === 'running' && (
              <Progress value={(100 * state.tried) / names.size} aria-label={common('progress')} animated />
            )}
            <Group justify="flex-end" gap="xs">
              <Button
                variant="default"
                onClick={close}
                data-autofocus={(toType === undefined && action.field === undefined) || undefined}
              >
                {common(state.is === 'running' ? 'stop' : 'cancel')}
              </Button>
              <Button
                type="submit"
                {...(action.danger === true ? { color: 'red.8' } : {})}
                loading={state.is === 'running'}
                disabled={!isReady}
              >
                {action.label}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}

function Names({ names }: { readonly names: readonly string[] }) {
  const t = useTranslations('common')
  const more = names.length - maxNamed
  return (
    <Text size="sm" c="dimmed" className={styles.names ?? ''}>
      {names.slice(0, maxNamed).join(' · ')}
      {more > 0 && ` ${t('andMore', { count: more })}`}
    </Text>
  )
}

interface OutcomeProps {
  readonly action: { done(count: number): string }
  readonly outcome: BatchOutcome
  readonly names: ReadonlyMap<Item, string>
  onClose(): void
}

/** Refusals that are shown one by one. */
const maxShown = 100

function Outcome({ action, outcome: { done, refused, untried, failure }, names, onClose }: OutcomeProps) {
  const t = useTranslations('common')
  return (
    <Stack gap="md">
      {done.length > 0 && <Text>{action.done(done.length)}</Text>}
      {failure !== undefined && <FormError error={failure} />}
      {untried.length > 0 && <Text>{t('notTried', { count: untried.length })}</Text>}
      {refused.size > 0 && (
        <>
          <Text fw={500}>{t('refusedCount', { count: refused.size })}</Text>
          <ul className={styles.refused} aria-label={t('refusedCount', { count: refused.size })}>
            {[...refused].slice(0, maxShown).map(([item, error]) => (
              <li key={item}>
                <Text fw={500} size="sm" className={styles.names ?? ''}>
                  {names.get(item)}
                </Text>
                <Text size="sm" c="dimmed" component="div">
                  <ErrorText error={error} />
                </Text>
              </li>
            ))}
          </ul>
          <Text size="sm" c="dimmed">
            {t('refusedStaySelected')}
          </Text>
        </>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t('close')}
        </Button>
      </Group>
    </Stack>
  )
}
