import { Paper, Skeleton, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import styles from './stat-tile.module.css'

interface StatTileProps {
  readonly label: string
  /** Undefined while it is on its way. */
  readonly value: ReactNode | undefined
  readonly hint?: ReactNode
}

/** One number that somebody looks for at a glance. */
export function StatTile({ label, value, hint }: StatTileProps) {
  return (
    <Paper withBorder className={styles.tile}>
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <div className={styles.value}>{value ?? <Skeleton height={24} width={80} />}</div>
      {hint !== undefined && (
        <Text size="sm" c="dimmed" component="div">
          {hint}
        </Text>
      )}
    </Paper>
  )
}
