import { Button, CloseButton, Group, Text, UnstyledButton } from '@mantine/core'
import { lazy, Suspense, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { PagedRows } from '../api/paged-rows.ts'
import styles from './bulk-bar.module.css'
import type { Bulk, BulkAction, Item } from './bulk.ts'
import type { Selection } from './selection.ts'
import { toastError } from './toast.ts'

const BulkDialog = lazy(async () => ({ default: (await import('../shell/later.ts')).BulkDialog }))

interface BulkBarProps<Row> {
  readonly bulk: Bulk<Row>
  readonly rows: PagedRows<Row>
  readonly selection: Selection<Row>
}

/** Above a list as long as something is chosen in it: how much, and what can be done to it. */
export function BulkBar<Row>({ bulk, rows, selection }: BulkBarProps<Row>) {
  const t = useTranslations('common')
  const [asked, setAsked] = useState<BulkAction<Row>>()
  const [isLoading, setLoading] = useState(false)
  const chosen = selection.rows
  const canChoose = (row: Row) => bulk.canChoose?.(row) !== false
  const chooseAll = async () => {
    setLoading(true)
    try {
      selection.replace((await rows.all()).filter(canChoose))
    } catch (error) {
      toastError(error)
    } finally {
      setLoading(false)
    }
  }
  const keep = (items: ReadonlySet<Item>, itemOf: (row: Row) => Item) =>
    selection.replace(chosen.filter((row) => items.has(itemOf(row))))
  if (chosen.length === 0 && asked === undefined) return null
  const mayBeMore = rows.total === undefined || chosen.length < rows.total
  return (
    <div role="toolbar" aria-label={t('selection')} className={styles.bar}>
      <Group gap="xs">
        <CloseButton size="sm" aria-label={t('clearSelection')} onClick={() => selection.replace([])} />
        <Text fw={500} role="status" span>
          {t('selected', { count: chosen.length })}
        </Text>
        {mayBeMore && (
          <UnstyledButton className={styles.all} disabled={isLoading} onClick={() => void chooseAll()}>
            {rows.isCounted ? t('selectAll', { count: rows.total ?? 0 }) : t('selectAllUncounted')}
          </UnstyledButton>
        )}
      </Group>
      <Group gap="xs">
        {bulk.actions.map((action) => (
          <Button
            key={action.key}
            size="xs"
            variant="default"
            leftSection={<action.icon size={14} />}
            className={styles.action ?? ''}
            data-danger={action.danger || undefined}
            onClick={() => setAsked(action)}
          >
            {action.label}
          </Button>
        ))}
      </Group>
      {asked !== undefined && (
        <Suspense>
          <BulkDialog
            action={asked}
            rows={chosen}
            nameOf={bulk.nameOf}
            onRest={(items) => keep(items, asked.itemOf)}
            onClose={() => setAsked(undefined)}
          />
        </Suspense>
      )}
    </div>
  )
}
