import { Stack, Tabs, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { CopyBlock } from '../components/copy-button.tsx'
import { LinkAnchor } from '../components/links.tsx'
import type { ClientCommand } from './commands.ts'

/** The same act by several clients; the first is shown. */
export function CommandTabs({ commands }: { readonly commands: readonly ClientCommand[] }) {
  const t = useTranslations('clientCommands')
  return (
    <Tabs defaultValue={commands[0]?.client ?? null}>
      <Tabs.List>
        {commands.map(({ client }) => (
          <Tabs.Tab key={client} value={client}>
            {client}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {commands.map(({ client, command, need }) => (
        <Tabs.Panel key={client} value={client} pt="sm">
          <Stack gap="xs">
            <CopyBlock value={command} label={client} />
            {need !== undefined && (
              <Text size="sm" c="dimmed">
                {t(`needs.${need}`)} <LinkAnchor to="/first-image">{t('howTo')}</LinkAnchor>
              </Text>
            )}
          </Stack>
        </Tabs.Panel>
      ))}
    </Tabs>
  )
}
