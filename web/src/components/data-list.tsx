import { ActionIcon, Checkbox, Skeleton, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useWindowVirtualizer } from '@tanstack/react-virtual'
import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type CSSProperties,
  type Key,
  type ReactNode,
} from 'react'
import { useTranslations } from 'use-intl'
import type { PagedRows } from '../api/paged-rows.ts'
import { useFormat } from '../i18n/format.ts'
import { BulkBar } from './bulk-bar.tsx'
import type { Bulk } from './bulk.ts'
import styles from './data-list.module.css'
import { ChevronDownIcon, ChevronRightIcon } from './icons.ts'
import { between, useSelection, type Selection } from './selection.ts'
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
  /** Rows can be chosen, and something be done to all that are. */
  readonly bulk?: Bulk<Row> | undefined
  /** What a row shows below itself when it is opened; undefined for one that has nothing. */
  detail?(row: Row): { readonly label: string; readonly content: ReactNode } | undefined
}

const rowHeight = 48
const phoneRowHeight = 64

/**
 * A list of any length. Only what is on the screen is drawn and loaded, and it scrolls with the page. It is a table for
 * assistive technology.
 */
export function DataList<Row>(props: DataListProps<Row>) {
  const { rows, label, columns, actions, empty, keyOf, bulk: offered, detail } = props
  const t = useTranslations('common')
  const bulk = offered !== undefined && offered.actions.length > 0 ? offered : undefined
  const selection = useSelection(rows, keyOf, bulk)
  if (rows.error !== null && rows.total === undefined) return <ErrorFace error={rows.error} onRetry={rows.retry} />
  if (rows.total === undefined)
    return (
      <div className={styles.padded}>
        <LoadingFace />
      </div>
    )
  if (rows.total === 0) return empty
  const parts = { ...props, bulk, selection, total: rows.total }
  const ends = { isChosen: bulk !== undefined, isOpened: detail !== undefined, hasMenu: actions !== undefined }
  return (
    <>
      {bulk !== undefined && <BulkBar bulk={bulk} rows={rows} selection={selection} />}
      <div
        role="table"
        aria-label={t('list', { name: label })}
        aria-rowcount={rows.total + 1}
        aria-busy={rows.isReplacing}
        className={styles.table}
        data-chosen={selection.rows.length > 0 || undefined}
        style={templatesOf(columns, ends)}
      >
        <HeaderRow {...parts} />
        <Rows {...parts} />
      </div>
    </>
  )
}

type PartProps<Row> = DataListProps<Row> & { readonly total: number; readonly selection: Selection<Row> }

/** The box that chooses all rows that are here; the bar offers the others. */
function ChooseAll<Row>({ rows, total, bulk, selection }: PartProps<Row>) {
  const t = useTranslations('common')
  const here = between(rows, 0, Math.min(total, maxChosenAtOnce) - 1).filter((row) => bulk?.canChoose?.(row) !== false)
  const isEvery = here.length > 0 && here.every((row) => selection.has(row))
  return (
    <div role="columnheader" className={styles.box}>
      <Checkbox
        size="xs"
        aria-label={t('selectShown')}
        checked={isEvery}
        indeterminate={!isEvery && selection.rows.length > 0}
        disabled={here.length === 0}
        onChange={() => selection.replace(isEvery ? [] : here)}
      />
    </div>
  )
}

/** More than that are on no screen. */
const maxChosenAtOnce = 100

function HeaderRow<Row>(props: PartProps<Row>) {
  const { columns, sort, onSort, actions, bulk, detail, rows, total } = props
  const t = useTranslations('common')
  return (
    <div role="rowgroup" className={styles.header}>
      <div role="row" aria-rowindex={1} className={styles.row}>
        {bulk !== undefined && <ChooseAll {...props} />}
        {detail !== undefined && (
          <div role="columnheader" className={styles.box}>
            <VisuallyHidden>{t('details')}</VisuallyHidden>
          </div>
        )}
        {columns.map((column, at) => {
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
              {at === 0 && rows.isCounted && <Total count={total} />}
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

function Total({ count }: { readonly count: number }) {
  const t = useTranslations('common')
  const format = useFormat()
  return (
    <span className={styles.total} title={t('total', { count })}>
      {format.count(count)}
    </span>
  )
}

function Rows<Row>(props: PartProps<Row>) {
  const { rows, keyOf, below, phoneHeight = phoneRowHeight, total } = props
  const { rowAt, show } = rows
  const [opened, setOpened] = useState<ReadonlySet<Key>>(new Set())
  const body = useRef<HTMLDivElement>(null)
  const [offset, setOffset] = useState(0)
  const phone = useMediaQuery('(max-width: 47.99em)') ?? false
  const height = phone && below !== undefined ? phoneHeight : rowHeight
  useLayoutEffect(() => {
    setOffset((body.current?.getBoundingClientRect().top ?? 0) + window.scrollY)
  }, [])
  // What was measured belongs to the row, wherever a filter or a deletion moves it. The virtualizer goes through all rows when it
  // is given another function: only when there are other rows, and not with every step of scrolling.
  const getItemKey = useCallback(
    (index: number) => {
      const row = rowAt(index)
      return row === undefined ? `row-${index}` : keyOf(row)
    },
    [rowAt, keyOf],
  )
  const virtualizer = useWindowVirtualizer({
    count: total,
    estimateSize: () => height,
    overscan: 8,
    scrollMargin: offset,
    getItemKey,
  })
  useEffect(() => virtualizer.measure(), [virtualizer, height])
  const shown = virtualizer.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => show(first, last), [show, first, last])
  return (
    <div ref={body} role="rowgroup" className={styles.body} style={{ height: virtualizer.getTotalSize() }}>
      {shown.map(({ index, start, key }) => {
        const row = rowAt(index)
        const toggleOpen = () =>
          setOpened((before) => {
            const next = new Set(before)
            if (!next.delete(key)) next.add(key)
            return next
          })
        return (
          <div
            key={key}
            ref={virtualizer.measureElement}
            role="presentation"
            data-index={index}
            className={styles.place}
            style={{ transform: `translateY(${start - offset}px)` }}
          >
            <OneRow {...props} index={index} row={row} height={height} isOpen={opened.has(key)} onOpen={toggleOpen} />
          </div>
        )
      })}
    </div>
  )
}

interface OneRowProps<Row> extends PartProps<Row> {
  readonly index: number
  /** Undefined while it is on its way. */
  readonly row: Row | undefined
  readonly height: number
  readonly isOpen: boolean
  onOpen(): void
}

function OneRow<Row>(props: OneRowProps<Row>) {
  const { index, row, height, columns, bulk, selection, detail, actions, below, isOpen, onOpen } = props
  const found = row === undefined ? undefined : detail?.(row)
  const isChosen = row !== undefined && selection.has(row)
  return (
    <>
      <div
        role="row"
        aria-rowindex={index + 2}
        data-chosen={isChosen || undefined}
        className={styles.row}
        data-body
        style={{ minHeight: height }}
      >
        {bulk !== undefined && <ChooseOne {...props} isChosen={isChosen} />}
        {detail !== undefined && (
          <div role="cell" className={styles.box}>
            {found !== undefined && (
              <ActionIcon
                variant="subtle"
                color="gray"
                size="sm"
                aria-label={found.label}
                aria-expanded={isOpen}
                onClick={onOpen}
              >
                <ChevronRightIcon size={15} className={styles.chevron} data-open={isOpen || undefined} />
              </ActionIcon>
            )}
          </div>
        )}
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
            {at === 0 && row !== undefined && below !== undefined && <div className={styles.below}>{below(row)}</div>}
          </div>
        ))}
        {actions !== undefined && (
          <div role="cell" className={styles.cell} data-align="end">
            {row !== undefined && actions(row)}
          </div>
        )}
      </div>
      {isOpen && found !== undefined && (
        <div role="row" className={styles.detail}>
          <div role="cell">{found.content}</div>
        </div>
      )}
    </>
  )
}

function ChooseOne<Row>({ index, row, bulk, selection, isChosen }: OneRowProps<Row> & { readonly isChosen: boolean }) {
  const t = useTranslations('common')
  return (
    <div role="cell" className={styles.box}>
      {row !== undefined && bulk !== undefined && bulk.canChoose?.(row) !== false && (
        <Checkbox
          size="xs"
          aria-label={t('select', { name: bulk.nameOf(row) })}
          checked={isChosen}
          onChange={(event) => selection.toggle(index, (event.nativeEvent as MouseEvent).shiftKey === true)}
        />
      )}
    </div>
  )
}

const widths = { phone: [], sm: ['sm'], md: ['sm', 'md'], lg: ['sm', 'md', 'lg'] } as const

/** A template of columns for each width of screen; the style sheet chooses. */
function templatesOf<Row>(
  columns: readonly Column<Row>[],
  {
    isChosen,
    isOpened,
    hasMenu,
  }: { readonly isChosen: boolean; readonly isOpened: boolean; readonly hasMenu: boolean },
): CSSProperties {
  const templateFor = (visible: readonly string[]) => {
    const tracks = columns
      .filter(({ from }) => from === undefined || visible.includes(from))
      .map(({ width }) => width ?? 'minmax(0, 1fr)')
    const boxes = [...(isChosen ? ['1.25rem'] : []), ...(isOpened ? ['1.5rem'] : [])]
    return [...boxes, ...tracks, ...(hasMenu ? ['2.5rem'] : [])].join(' ')
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
    isCounted: true,
    all: async () => rows ?? [],
  }
}

const nothing = (): void => undefined
