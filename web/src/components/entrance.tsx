import { Group } from '@mantine/core'
import { useEffect, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { LanguageSwitch, ThemeSwitch } from '../shell/language-and-theme.tsx'
import { Logo } from '../shell/logo.tsx'
import styles from './entrance.module.css'

/** The frame of pages before the shell: one card, and nothing else to do. */
export function Entrance({
  title,
  children,
  below,
}: {
  readonly title: string
  readonly children: ReactNode
  readonly below?: ReactNode
}) {
  const t = useTranslations('common')
  useEffect(() => {
    document.title = t('documentTitle', { page: title })
  }, [title, t])
  return (
    <div className={styles.page}>
      <Group component="header" justify="space-between" className={styles.header}>
        <Group gap="sm">
          <Logo />
        </Group>
        <Group gap={4}>
          <LanguageSwitch />
          <ThemeSwitch />
        </Group>
      </Group>
      <main className={styles.main}>
        <div className={styles.card}>{children}</div>
        {below}
      </main>
    </div>
  )
}
