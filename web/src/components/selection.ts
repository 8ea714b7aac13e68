import { useRef, useState } from 'react'
import type { PagedRows } from '../api/paged-rows.ts'
import type { Bulk, Item } from './bulk.ts'

export interface Selection<Row> {
  readonly rows: readonly Row[]
  has(row: Row): boolean
  /** With `upTo` all between the row that was chosen before and this one. */
  toggle(index: number, upTo: boolean): void
  replace(rows: readonly Row[]): void
}

const nothing: ReadonlyMap<Item, never> = new Map<Item, never>()

/** The rows that somebody has chosen in a list. They are forgotten when the list answers another question. */
export function useSelection<Row>(
  rows: PagedRows<Row>,
  keyOf: (row: Row) => Item,
  bulk: Bulk<Row> | undefined,
): Selection<Row> {
  const of = bulk?.of
  const [chosen, setChosen] = useState<{ readonly of: string | undefined; readonly rows: ReadonlyMap<Item, Row> }>({
    of,
    rows: nothing,
  })
  const last = useRef<number>(undefined)
  const here = chosen.of === of ? chosen.rows : (nothing as ReadonlyMap<Item, Row>)
  const replace = (next: readonly Row[]) => setChosen({ of, rows: new Map(next.map((row) => [keyOf(row), row])) })
  const toggle = (index: number, upTo: boolean) => {
    const row = rows.rowAt(index)
    if (row === undefined) return
    const next = new Map(here)
    const on = !next.has(keyOf(row))
    const from = upTo ? (last.current ?? index) : index
    for (const each of between(rows, from, index)) {
      if (bulk?.canChoose?.(each) === false) continue
      if (on) next.set(keyOf(each), each)
      else next.delete(keyOf(each))
    }
    last.current = index
    setChosen({ of, rows: next })
  }
  return { rows: [...here.values()], has: (row) => here.has(keyOf(row)), toggle, replace }
}

/** The rows from one index to another, those of them that are here. */
export function between<Row>({ rowAt }: Pick<PagedRows<Row>, 'rowAt'>, one: number, other: number): Row[] {
  const [first, last] = one < other ? [one, other] : [other, one]
  const found: Row[] = []
  for (let index = first; index <= last; index += 1) {
    const row = rowAt(index)
    if (row !== undefined) found.push(row)
  }
  return found
}
