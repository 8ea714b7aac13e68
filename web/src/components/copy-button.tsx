import { ActionIcon, Code } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { useTranslations } from 'use-intl'
import styles from './copy-button.module.css'
import { CheckIcon, CopyIcon } from './icons.ts'

interface CopyButtonProps {
  readonly value: string
  /** What is copied, for who cannot see what stands beside it. */
  readonly label?: string
}

export function CopyButton({ value, label }: CopyButtonProps) {
  const t = useTranslations('common')
  const { copied, copy } = useClipboard({ timeout: 1_500 })
  const text = copied ? t('copied') : t('copy')
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      title={text}
      aria-label={label === undefined ? text : `${text}: ${label}`}
      onClick={(event) => {
        event.preventDefault()
        event.stopPropagation()
        copy(value)
      }}
    >
      {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
    </ActionIcon>
  )
}

/** Commands to paste into a terminal. */
export function CopyBlock({ value, label }: CopyButtonProps) {
  return (
    <div className={styles.block}>
      <Code block className={styles.code} tabIndex={0} aria-label={label}>
        {value}
      </Code>
      <div className={styles.corner}>
        <CopyButton value={value} {...(label === undefined ? {} : { label })} />
      </div>
    </div>
  )
}
