import { Tabs } from '@mantine/core'
import { CopyBlock } from '../../components/copy-button.tsx'
import type { ClientCommand } from './commands.ts'

/** The same act by several clients; the first is shown. */
export function CommandTabs({ commands }: { readonly commands: readonly ClientCommand[] }) {
  return (
    <Tabs defaultValue={commands[0]?.client ?? null}>
      <Tabs.List>
        {commands.map(({ client }) => (
          <Tabs.Tab key={client} value={client}>
            {client}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {commands.map(({ client, command }) => (
        <Tabs.Panel key={client} value={client} pt="sm">
          <CopyBlock value={command} label={client} />
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
