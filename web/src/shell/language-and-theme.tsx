import { ActionIcon, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { AutoThemeIcon, CheckIcon, DarkThemeIcon, LanguageIcon, LightThemeIcon } from '../components/icons.ts'
import { useLanguage } from '../i18n/language-provider.tsx'
import { languages, type Language } from '../i18n/languages.ts'

export function LanguageMenu() {
  const t = useTranslations('shell')
  const { language, choose } = useLanguage()
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('language')}>
          <LanguageIcon size={18} strokeWidth={1.75} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.entries(languages) as [Language, string][]).map(([code, name]) => (
          <Menu.Item
            key={code}
            lang={code}
            role="menuitemradio"
            aria-checked={code === language}
            rightSection={code === language ? <CheckIcon size={14} /> : null}
            onClick={() => choose(code)}
          >
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

const themes = [
  ['light', 'themeLight', LightThemeIcon],
  ['dark', 'themeDark', DarkThemeIcon],
  ['auto', 'themeAuto', AutoThemeIcon],
] as const satisfies readonly (readonly [MantineColorScheme, string, unknown])[]

export function ThemeMenu() {
  const t = useTranslations('shell')
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const Current = themes.find(([name]) => name === colorScheme)?.[2] ?? AutoThemeIcon
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('theme')}>
          <Current size={18} strokeWidth={1.75} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {themes.map(([name, label, ThemeIcon]) => (
          <Menu.Item
            key={name}
            role="menuitemradio"
            aria-checked={name === colorScheme}
            leftSection={<ThemeIcon size={15} />}
            rightSection={name === colorScheme ? <CheckIcon size={14} /> : null}
            onClick={() => setColorScheme(name)}
          >
            {t(label)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
