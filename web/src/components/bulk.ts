import type { QueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import type { BatchAnswer } from '../api/batch.ts'
import type { Icon } from './icons.ts'

export type Item = string | number

/** The field of a question: which label, which role, where to. It has a wish as soon as one is chosen. */
export interface WishProps {
  onWish(wish: string | undefined): void
}

/** Something that is done to all chosen rows of a list by one request. */
export interface BulkAction<Row> {
  readonly key: string
  /** On the bar and on the button that does it. */
  readonly label: string
  readonly icon: Icon
  /** Takes something away. */
  readonly danger?: boolean
  /** There is no way back. */
  readonly final?: boolean
  /** A question that says how many: `Delete 3 artifacts?` */
  title(count: number): string
  /** What happens to them, and what goes along. */
  readonly what?: ReactNode
  /** Typed first: for what is large and cannot be undone. */
  typed?(count: number): string
  readonly field?: (props: WishProps) => ReactNode
  /** Where the field has a sensible beginning. */
  readonly wish?: string
  itemOf(row: Row): Item
  send(items: Item[], wish: string): Promise<BatchAnswer>
  /** Asks again what has changed. */
  after(client: QueryClient): Promise<void>
  /** `3 artifacts were deleted` */
  done(count: number): string
  /** Takes it back for those that it was done to. */
  undo?(client: QueryClient, items: readonly Item[]): Promise<unknown>
}

/** What can be done to chosen rows of a list. */
export interface Bulk<Row> {
  /** The question that the list answers: with another one, nothing is chosen. */
  readonly of: string
  nameOf(row: Row): string
  /** Rows to which nothing can be done; default: none. */
  canChoose?(row: Row): boolean
  readonly actions: readonly BulkAction<Row>[]
}
