import { Badge, Group, Text } from '@mantine/core'
import { useSyncExternalStore, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { useFormat } from '../i18n/format.ts'
import { CopyButton } from './copy-button.tsx'
import styles from './values.module.css'

/** A minute is as fine as relative times go: one timer for all of them. */
const subscribeToMinutes = (onMinute: () => void): (() => void) => {
  const timer = setInterval(onMinute, 60_000)
  return () => clearInterval(timer)
}
const currentMinute = (): number => Math.floor(Date.now() / 60_000) * 60_000

/** The time, to the minute; whoever uses it is drawn anew with it. */
export const useMinute = (): number => useSyncExternalStore(subscribeToMinutes, currentMinute)

interface RelativeTimeProps {
  /** As the API writes it (RFC 3339), or milliseconds; nothing is `never`. Harbor's zero time is nothing too. */
  readonly time: string | number | null | undefined
  /** In place of `never`: what has no end yet, what never expires. */
  readonly none?: string
}

/** `3 hours ago`, with the exact time as its title. */
export function RelativeTime({ time, none }: RelativeTimeProps) {
  const t = useTranslations('common')
  const format = useFormat()
  const now = useMinute()
  const date = time === null || time === undefined ? undefined : new Date(time)
  if (date === undefined || Number.isNaN(date.getTime()) || date.getUTCFullYear() < 2000)
    return <span className={styles.quiet}>{none ?? t('never')}</span>
  return (
    <time dateTime={date.toISOString()} title={format.exact(date)} className={styles.nowrap}>
      {format.relative(date, new Date(now))}
    </time>
  )
}

/** `2026-11-30 21:12:14` on the reader's clock: for records, where the moment matters and not how long it is ago. */
export function ExactTime({ time }: { readonly time: string }) {
  const format = useFormat()
  const date = new Date(time)
  return (
    <time dateTime={date.toISOString()} title={format.exact(date)} className={styles.number}>
      {format.stamp(date)}
    </time>
  )
}

/** `12.3 MiB`, with the bytes as its title. */
export function Size({ bytes }: { readonly bytes: number }) {
  const format = useFormat()
  return (
    <span className={styles.number} title={`${format.count(bytes)} B`}>
      {format.size(bytes)}
    </span>
  )
}

export function Count({ value }: { readonly value: number }) {
  return <span className={styles.number}>{useFormat().count(value)}</span>
}

/** `sha256:0a1b2c3d4e5f`, short, with the whole for the clipboard. */
export function Digest({ digest, copy = true }: { readonly digest: string; readonly copy?: boolean }) {
  const [algorithm, encoded = ''] = digest.split(':')
  return (
    <Group gap={2} wrap="nowrap" component="span">
      <span className={styles.code} title={digest}>
        {`${algorithm}:${encoded.slice(0, 12)}`}
      </span>
      {copy && <CopyButton value={digest} label={digest} />}
    </Group>
  )
}

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'accent'

/** A word about a state. Colour never says it alone. */
export function StatusBadge({
  tone,
  icon,
  children,
}: {
  readonly tone: Tone
  readonly icon?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <Badge variant="default" radius="sm" leftSection={icon} className={styles.badge} data-tone={tone}>
      {children}
    </Badge>
  )
}

/** Name and value pairs of one thing. A pair whose value is undefined is left out. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={styles.facts}>
      {facts.map(
        ([name, value]) =>
          value !== undefined && (
            <div key={name}>
              <Text component="dt" size="sm" c="dimmed">
                {name}
              </Text>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  )
}
