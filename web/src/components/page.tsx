import { Group, Paper, Stack, Text, Title } from '@mantine/core'
import { useEffect, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { setCrumbs, type Crumb } from '../shell/crumbs.ts'
import type { PageWithGuide } from '../shell/page-guides.ts'
import { GuideLink } from './guide-link.tsx'
import styles from './page.module.css'

interface PageProps {
  readonly title: string
  /** What the page does, in a sentence. */
  readonly description?: ReactNode
  /** The guide that belongs to it. */
  readonly guide?: PageWithGuide
  /** What the breadcrumbs call it; default: its title. */
  readonly name?: string
  /** What the browser's tab calls it, where that is more than its name. */
  readonly tabTitle?: string
  /** Where this page lies; the last of it is the page itself and needs no entry. */
  readonly above?: readonly Crumb[]
  /** Beside the title: what tells it apart, such as a badge. */
  readonly mark?: ReactNode
  /** Buttons at the right. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

const noCrumbs: readonly Crumb[] = []

/** The frame of every page: its heading, the title of the browser's tab and the breadcrumbs. */
export function Page(props: PageProps) {
  const { title, name = title, tabTitle = name, description, guide } = props
  const { above = noCrumbs, mark, actions, children } = props
  const t = useTranslations('common')
  const key = JSON.stringify(above)
  useEffect(() => {
    document.title = t('documentTitle', { page: tabTitle })
    setCrumbs([...(JSON.parse(key) as readonly Crumb[]), { label: name }])
  }, [name, tabTitle, key, t])
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="md">
        <div className={styles.heading}>
          <Group gap="sm">
            <Title order={1} className={styles.title}>
              {title}
            </Title>
            {mark}
          </Group>
          {(description !== undefined || guide !== undefined) && (
            <Text c="dimmed" mt={4}>
              {description} {guide !== undefined && <GuideLink of={guide} page={title} />}
            </Text>
          )}
        </div>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  )
}

interface SectionProps {
  readonly title?: string
  readonly description?: ReactNode
  readonly actions?: ReactNode
  /** A list goes to the edges. */
  readonly flush?: boolean
  readonly children: ReactNode
}

/** A card with a heading of its own. */
export function Section({ title, description, actions, flush = false, children }: SectionProps) {
  return (
    <Paper component="section" withBorder className={styles.section} data-flush={flush || undefined}>
      {(title !== undefined || actions !== undefined) && (
        <Group justify="space-between" className={styles.sectionHead}>
          <div>
            {title !== undefined && <Title order={2}>{title}</Title>}
            {description !== undefined && (
              <Text c="dimmed" size="sm" mt={2}>
                {description}
              </Text>
            )}
          </div>
          {actions}
        </Group>
      )}
      <div className={styles.sectionBody}>{children}</div>
    </Paper>
  )
}
