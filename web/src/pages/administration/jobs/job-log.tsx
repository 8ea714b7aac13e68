import { Text } from '@mantine/core'
import { useLayoutEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import { linesKept, type FollowedJob } from '../../../api/follow-job.ts'
import { FormError } from '../../../components/form-error.tsx'
import { useFormat } from '../../../i18n/format.ts'
import styles from './job-log.module.css'

/** The end of a log. It stays at the end while lines come, unless somebody has scrolled up. */
export function JobLog({ followed }: { readonly followed: FollowedJob }) {
  const t = useTranslations('jobs')
  const format = useFormat()
  const { lines, error, job } = followed
  const box = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  useLayoutEffect(() => {
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight
    // Each time that lines have come, though nothing of them is asked here.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [lines])
  const left = (job?.log_lines ?? 0) - lines.length
  return (
    <>
      {error !== null && <FormError error={error} />}
      {lines.length >= linesKept && left > 0 && (
        <Text size="sm" c="dimmed" mb="xs">
          {t('logCut', { count: lines.length })}
        </Text>
      )}
      {lines.length === 0 ? (
        <Text c="dimmed">{t('logEmpty')}</Text>
      ) : (
        <div
          ref={box}
          className={styles.log}
          role="log"
          aria-label={t('log')}
          // It scrolls: somebody with a keyboard alone must get into it.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
            atEnd.current = scrollHeight - scrollTop - clientHeight < 24
          }}
        >
          {lines.map(({ number, time, line }) => (
            <div key={number} className={styles.line}>
              <time dateTime={time} className={styles.time}>
                {format.clock(new Date(time))}
              </time>
              <span className={styles.text}>{line}</span>
            </div>
          ))}
        </div>
      )}
    </>
  )
}
