import { Button, Group, Modal, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { FormError } from './form-error.tsx'

interface ModalFormProps {
  readonly opened: boolean
  readonly title: string
  readonly submitLabel: string
  readonly pending: boolean
  readonly error: unknown
  readonly size?: string
  readonly children: ReactNode
  onClose(): void
  onSubmit(event?: React.FormEvent<HTMLFormElement>): void
}

/** A form in a dialogue: fields, the reason of a refusal, Cancel and the button that does it. Enter submits. */
export function ModalForm(props: ModalFormProps) {
  const { opened, title, submitLabel, pending, error, size = 'md', children, onClose, onSubmit } = props
  const t = useTranslations('common')
  return (
    <Modal opened={opened} onClose={onClose} title={title} size={size} closeButtonProps={{ 'aria-label': t('close') }}>
      <form onSubmit={onSubmit} noValidate>
        <Stack gap="md">
          {children}
          {error !== null && error !== undefined && <FormError error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={pending}>
              {submitLabel}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
