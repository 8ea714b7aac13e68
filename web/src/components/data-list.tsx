import { Skeleton, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useRef, useState, type CSSProperties, type ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { PagedRows } from '../api/paged-rows.ts'
import styles from './data-list.module.css'
import { ChevronDownIcon } from './icons.ts'
import { ErrorFace, LoadingFace } from './states.tsx'

export interface Column<Row> {
  readonly key: string
  readonly header: string
  /** As in a grid's template: `minmax(12rem, 2fr)`, `8rem`. */
  readonly width?: string
  /** Not on screens narrower than that. */
  readonly from?: 'sm' | 'md' | 'lg'
  readonly align?: 'end'
  /** The key by which the API sorts; none: not sortable. */
  readonly sort?: string
  cell(row: Row): ReactNode
}

interface DataListProps<Row> {
  /** What it lists, for who hears it. */
  readonly label: string
  readonly rows: PagedRows<Row>
  readonly columns: readonly Column<Row>[]
  keyOf(row: Row): string | number
  /** `name`, or `-name` for descending. */
  readonly sort?: string | undefined
  onSort?(sort: string): void
  /** A menu at the end of a row. */
  actions?(row: Row): ReactNode
  /** Under the first column on a phone, where the others have no room. */
  below?(row: Row): ReactNode
  /** Pixels of a row on a phone, where `below` has more than a line. */
  readonly phoneHeight?: number
  /** Shown when there is no row. */
  readonly empty: ReactNode
}

const rowHeight = 48
const phoneRowHeight = 64

/**
 * A list of any length. Only what is on the screen is drawn and loaded, and it scrolls with the page. It is a table for
 * assistive technology.
 */
export function DataList<Row>(props: DataListProps<Row>) {
  const { rows, label, columns, actions, empty } = props
  const t = useTranslations('common')
  if (rows.error !== null && rows.total === undefined) return <ErrorFace error={rows.error} onRetry={rows.retry} />
  if (rows.total === undefined)
    return (
      <div className={styles.padded}>
        <LoadingFace />
      </div>
    )
  if (rows.total === 0) return empty
  return (
    <div
      role="table"
      aria-label={t('list', { name: label })}
      aria-rowcount={rows.total + 1}
      aria-busy={rows.isReplacing}
      className={styles.table}
      style={templatesOf(columns, actions !== undefined)}
    >
      <HeaderRow {...props} />
      <Rows {...props} total={rows.total} />
    </div>
  )
}

function HeaderRow<Row>({ columns, sort, onSort, actions }: DataListProps<Row>) {
  const t = useTranslations('common')
  return (
    <div role="rowgroup" className={styles.header}>
      <div role="row" aria-rowindex={1} className={styles.row}>
        {columns.map((column) => {
          const ascending = sort === column.sort
          const sorted = column.sort !== undefined && (ascending || sort === `-${column.sort}`)
          const next = sorted && ascending ? `-${column.sort}` : (column.sort ?? '')
          return (
            <div
              key={column.key}
              role="columnheader"
              className={styles.cell}
              data-from={column.from}
              data-align={column.align}
              aria-sort={sorted ? (ascending ? 'ascending' : 'descending') : undefined}
            >
              {column.sort === undefined || onSort === undefined ? (
                column.header
              ) : (
                <UnstyledButton
                  className={styles.sort}
                  onClick={() => onSort(next)}
                  aria-label={t(next.startsWith('-') ? 'sortDescending' : 'sortAscending', { column: column.header })}
                >
                  {column.header}
                  {sorted && <ChevronDownIcon size={14} data-up={ascending || undefined} aria-hidden />}
                </UnstyledButton>
              )}
            </div>
          )
        })}
        {actions !== undefined && (
          <div role="columnheader" className={styles.cell}>
            <VisuallyHidden>{t('edit')}</VisuallyHidden>
          </div>
        )}
      </div>
    </div>
  )
}

function Rows<Row>(props: DataListProps<Row> & { readonly total: number }) {
  const { rows, columns, keyOf, actions, below, phoneHeight = phoneRowHeight, total } = props
  const body = useRef<HTMLDivElement>(null)
  const [offset, setOffset] = useState(0)
  const phone = useMediaQuery('(max-width: 47.99em)') ?? false
  const height = phone && below !== undefined ? phoneHeight : rowHeight
  useLayoutEffect(() => {
    setOffset((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY)
  }, [])
  const virtualizer = useWindowVirtualizer({
    count: total,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: offset,
  })
  useEffect(() => virtualizer.measure(), [virtualizer, height])
  const shown = virtualizer.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  const { show } = rows
  useEffect(() => show(first, last), [show, first, last])
  return (
    <div ref={body} role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
      {shown.map(({ index, start, size }) => {
        const row = rows.rowAt(index)
        return (
          <div
            key={row === undefined ? `row-${index}` : keyOf(row)}
            role="row"
            aria-rowindex={index + 2}
            className={styles.row}
            data-body
            style={{ height: size, transform: `translateY(${start - offset}px)` }}
          >
            {columns.map((column, at) => (
              <div
                key={column.key}
                role="cell"
                className={styles.cell}
                data-from={column.from}
                data-align={column.align}
                data-first={at === 0 || undefined}
              >
                {row === undefined ? <Skeleton height={14} width="60%" /> : column.cell(row)}
                {at === 0 && row !== undefined && below !== undefined && (
                  <div className={styles.below}>{below(row)}</div>
                )}
              </div>
            ))}
            {actions !== undefined && (
              <div role="cell" className={styles.cell} data-align="end">
                {row !== undefined && actions(row)}
              </div>
            )}
          </div>
        )
      })}
    </div>
  )
}

const widths = { phone: [], sm: ['sm'], md: ['sm', 'md'], lg: ['sm', 'md', 'lg'] } as const

/** A template of columns for each width of screen; the style sheet chooses. */
function templatesOf<Row>(columns: readonly Column<Row>[], withActions: boolean): CSSProperties {
  const templateFor = (visible: readonly string[]) => {
    const tracks = columns
      .filter(({ from }) => from === undefined || visible.includes(from))
      .map(({ width }) => width ?? 'minmax(0, 1fr)')
    return [...tracks, ...(withActions ? ['2.5rem'] : [])].join(' ')
  }
  return Object.fromEntries(
    Object.entries(widths).map(([name, visible]) => [`--columns-${name}`, templateFor(visible)]),
  ) as CSSProperties
}

/** A list that is there as a whole, in the form that DataList takes. */
export function wholeList<Row>(rows: readonly Row[] | undefined, error: Error | null = null): PagedRows<Row> {
  return {
    total: rows?.length,
    rowAt: (index) => rows?.[index],
    show: nothing,
    error,
    isReplacing: false,
    retry: nothing,
  }
}

const nothing = (): void => undefined
