import { ActionIcon, Code } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import styles from './copy-button.module.css'
import { copyText } from './copy-text.ts'
import { CheckIcon, CopyIcon } from './icons.ts'

const CopyByHand = lazy(async () => ({ default: (await import('../shell/later.ts')).CopyByHand }))

interface CopyButtonProps {
  readonly value: string
  /** The name of the value, for a screen reader. */
  readonly label?: string
}

type Outcome = 'none' | 'copied' | 'refused'
const shownMs = 1_500

export function CopyButton({ value, label }: CopyButtonProps) {
  const t = useTranslations('common')
  const [outcome, setOutcome] = useState<Outcome>('none')
  useEffect(() => {
    if (outcome !== 'copied') return undefined
    const timer = setTimeout(() => setOutcome('none'), shownMs)
    return () => clearTimeout(timer)
  }, [outcome])
  const copied = outcome === 'copied'
  const text = copied ? t('copied') : t('copy')
  return (
    <>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        title={text}
        aria-label={label === undefined ? text : `${text}: ${label}`}
        onClick={(event) => {
          event.preventDefault()
          event.stopPropagation()
          void copyText(value).then((done) => setOutcome(done ? 'copied' : 'refused'))
        }}
      >
        {copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
      </ActionIcon>
      {outcome === 'refused' && (
        <Suspense>
          <CopyByHand value={value} onClose={() => setOutcome('none')} />
        </Suspense>
      )}
    </>
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
