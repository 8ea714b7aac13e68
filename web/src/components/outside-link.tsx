import type { ReactNode } from 'react'
import { outsideTarget } from './outside-target.ts'

/** A link out of the console, to an address that somebody pushed; its words alone where the address is no page. */
export function OutsideLink({ to, children = to }: { readonly to: string; readonly children?: ReactNode }) {
  const href = outsideTarget(to)
  if (href === undefined) return children
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow" className="berth-link">
      {children}
    </a>
  )
}
