import { useEffect, useRef } from 'react'
import type { Icon } from './icons.ts'
import { LinkAnchor } from './links.tsx'
import styles from './tab-links.module.css'

export interface TabLink {
  readonly key: string
  readonly label: string
  /** An address of the console. */
  readonly to: string
  readonly icon?: Icon
}

interface TabLinksProps {
  /** What they lead through, for who hears it. */
  readonly label: string
  readonly tabs: readonly TabLink[]
  /** The key of the page that is shown. */
  readonly here: string
}

/** Links between the pages of one thing. */
export function TabLinks({ label, tabs, here }: TabLinksProps) {
  const nav = useRef<HTMLElement>(null)
  // On a phone there are more than have room: the one that is shown is among those that are seen.
  useEffect(() => {
    nav.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    // Each time that another is shown or more are offered, though nothing of them is asked here.
    // oxlint-disable-next-line react/exhaustive-effect-dependencies
  }, [here, tabs.length])
  return (
    <nav ref={nav} aria-label={label} className={styles.tabs}>
      {tabs.map(({ key, label: text, to, icon: TabIcon }) => (
        <LinkAnchor
          key={key}
          to={to}
          underline="never"
          className={styles.tab ?? ''}
          activeOptions={{ exact: true, includeSearch: false }}
          aria-current={key === here ? 'page' : undefined}
        >
          {TabIcon !== undefined && <TabIcon size={15} strokeWidth={1.75} aria-hidden />}
          {text}
        </LinkAnchor>
      ))}
    </nav>
  )
}
