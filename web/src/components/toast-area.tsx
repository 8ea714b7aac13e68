import { Button, Group, Text } from '@mantine/core'
import { Notifications, notifications } from '@mantine/notifications'
import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { SuccessIcon, WarningIcon } from './icons.ts'
import { ErrorText } from './states.tsx'
import { connectToasts, toast, toastError, type ToastMessage, type Undo } from './toast.ts'

export function ToastArea() {
  const t = useTranslations('common')
  useEffect(() => connectToasts((message) => showToast(message, t('close'))), [t])
  return <Notifications position="bottom-right" limit={4} />
}

function showToast(message: ToastMessage, closeLabel: string): void {
  const closeButtonProps = { 'aria-label': closeLabel }
  if (message.kind === 'failed') {
    notifications.show({
      message: <ErrorText error={message.error} />,
      icon: <WarningIcon size={18} />,
      color: 'red.8',
      autoClose: 10_000,
      closeButtonProps,
    })
    return
  }
  const { text, undo } = message
  const id = crypto.randomUUID()
  notifications.show({
    id,
    message: undo === undefined ? text : <ToastWithUndo id={id} text={text} undo={undo} />,
    icon: <SuccessIcon size={18} />,
    color: 'teal.8',
    autoClose: undo === undefined ? 4_000 : 10_000,
    closeButtonProps,
  })
}

function ToastWithUndo({ id, text, undo }: { readonly id: string; readonly text: string; readonly undo: Undo }) {
  const t = useTranslations('common')
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">{text}</Text>
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
