import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { ErrorIcon, WarningIcon } from './icons.ts'
import styles from './notice.module.css'

interface NoticeProps {
  readonly tone: 'warn' | 'bad'
  readonly title?: string
  readonly children?: ReactNode
}

/** A warning that belongs to what is shown below it, readable in both themes. */
export function Notice({ tone, title, children }: NoticeProps) {
  const NoticeIcon = tone === 'bad' ? ErrorIcon : WarningIcon
  return (
    <div className={styles.notice} data-tone={tone}>
      <NoticeIcon size={17} aria-hidden className={styles.icon} />
      <div>
        {title !== undefined && <Text fw={600}>{title}</Text>}
        {children}
      </div>
    </div>
  )
}
