import { Modal, Textarea } from '@mantine/core'
import { useTranslations } from 'use-intl'

/** The last way to copy: the text, selected, and the keys to press. For a browser that lets no page write to its clipboard. */
export function CopyByHand({ value, onClose }: { readonly value: string; onClose(): void }) {
  const t = useTranslations('common')
  return (
    <Modal opened onClose={onClose} title={t('copyByHandTitle')} closeButtonProps={{ 'aria-label': t('close') }}>
      <Textarea
        label={t('copyByHandText')}
        value={value}
        readOnly
        autosize
        maxRows={12}
        data-autofocus
        onFocus={(event) => event.currentTarget.select()}
      />
    </Modal>
  )
}
