import { Button } from '@mantine/core'
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import styles from './folded.module.css'

/** What may be long, folded to a few lines until somebody wants all of it. */
export function Folded({ children }: { readonly children: ReactNode }) {
  const t = useTranslations('common')
  const content = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)
  const [isLong, setIsLong] = useState(false)
  useLayoutEffect(() => {
    const element = content.current
    if (element === null) return undefined
    const measure = () => setIsLong(element.scrollHeight > element.clientHeight + 1 || open)
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    return () => observer.disconnect()
  }, [open])
  return (
    <>
      <div ref={content} className={styles.content} data-open={open || undefined} data-long={isLong || undefined}>
        <div>{children}</div>
      </div>
      {isLong && (
        <Button variant="subtle" size="compact-sm" mt="xs" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? 'showLess' : 'showMore')}
        </Button>
      )}
    </>
  )
}
