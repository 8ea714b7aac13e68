import { ActionIcon, Checkbox, Popover, Stack } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useTranslations } from 'use-intl'
import type { Column } from './data-list.tsx'
import { ColumnsIcon } from './icons.ts'

/**
 * The columns of a list that somebody wants to see, remembered by their browser. The first one stays. `hidden`: those that
 * are shown to nobody who has not asked for them.
 */
export function useColumnChoice<Row>(list: string, columns: readonly Column<Row>[], hidden: readonly string[] = []) {
  const [chosen, setChosen] = useLocalStorage<Readonly<Record<string, boolean>>>({
    key: `berth-columns-${list}`,
    defaultValue: {},
    getInitialValueInEffect: false,
  })
  const isShown = ({ key }: Column<Row>, at: number) => at === 0 || (chosen[key] ?? !hidden.includes(key))
  const shown = columns.filter(isShown)
  const chooser = (
    <ColumnChooser
      columns={columns.slice(1)}
      isShown={(column) => isShown(column, 1)}
      onToggle={(column) => setChosen({ ...chosen, [column.key]: !isShown(column, 1) })}
    />
  )
  return { shown, chooser }
}

interface ColumnChooserProps<Row> {
  readonly columns: readonly Column<Row>[]
  isShown(column: Column<Row>): boolean
  onToggle(column: Column<Row>): void
}

function ColumnChooser<Row>({ columns, isShown, onToggle }: ColumnChooserProps<Row>) {
  const t = useTranslations('common')
  return (
    <Popover position="bottom-end" withinPortal trapFocus>
      <Popover.Target>
        <ActionIcon variant="default" size={36} aria-label={t('columns')} title={t('columns')} visibleFrom="sm">
          <ColumnsIcon size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="xs" role="group" aria-label={t('columns')}>
          {columns.map((column) => (
            <Checkbox
              key={column.key}
              label={column.header}
              checked={isShown(column)}
              onChange={() => onToggle(column)}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  )
}
