import { ActionIcon, Menu } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { MoreIcon } from './icons.ts'

/** The menu of one row. `name` is what it is about; its children are `Menu.Item`s. */
export function RowMenu({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  const t = useTranslations('common')
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={t('more', { name })}>
          <MoreIcon size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  )
}
