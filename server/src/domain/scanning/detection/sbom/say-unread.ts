import type { Unread } from '../../inventory.ts'

/** Named one by one; the rest are counted. */
const maxNamed = 20

/** What a reader of a bill of materials has to know: that it is not whole, and why. */
export function sayUnread(unread: readonly Unread[]): string {
  const named = unread.slice(0, maxNamed).map(({ where, reason }) => `${where} (${reason})`)
  const more = unread.length > maxNamed ? `, and ${unread.length - maxNamed} more` : ''
  return `This list may not be whole; these could not be read: ${named.join(', ')}${more}`
}
