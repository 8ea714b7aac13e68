import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useTranslations } from 'use-intl'
import { SuccessIcon, WarningIcon } from './icons.ts'
import { ErrorText } from './states.tsx'

interface Undo {
  /** Brings back what was done. */
  run(): Promise<unknown>
}

/** Says that something was done; with `undo`, offers to take it back for ten seconds. */
export function toast(message: string, undo?: Undo): void {
  const id = crypto.randomUUID()
  notifications.show({
    id,
    message: undo === undefined ? message : <ToastWithUndo id={id} message={message} undo={undo} />,
    icon: <SuccessIcon size={18} />,
    color: 'teal.8',
    autoClose: undo === undefined ? 4_000 : 10_000,
  })
}

/** Says that something that nobody waited for has failed. Forms show their own reason. */
export function toastError(error: unknown): void {
  notifications.show({
    message: <ErrorText error={error} />,
    icon: <WarningIcon size={18} />,
    color: 'red.8',
    autoClose: 10_000,
  })
}

function ToastWithUndo({ id, message, undo }: { readonly id: string; readonly message: string; readonly undo: Undo }) {
  const t = useTranslations('common')
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">{message}</Text>
      <Button
        size="compact-sm"
        variant="light"
        onClick={() => {
          notifications.hide(id)
          undo.run().then(() => toast(t('undone')), toastError)
        }}
      >
        {t('undo')}
      </Button>
    </Group>
  )
}
