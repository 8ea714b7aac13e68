import { ActionIcon, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { AutoThemeIcon, DarkThemeIcon, LanguageIcon, LightThemeIcon } from '../components/icons.ts'
import { useLanguage } from '../i18n/language-provider.tsx'
import { languages, type Language } from '../i18n/languages.ts'

const codes = Object.keys(languages) as Language[]

/** One key for each of two languages is quicker than a menu. */
export function LanguageSwitch() {
  const t = useTranslations('shell')
  const { language, choose } = useLanguage()
  const next = codes[(codes.indexOf(language) + 1) % codes.length]!
  const label = t('switchLanguage', { language: languages[next] })
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" aria-label={label} title={label} onClick={() => choose(next)}>
      <LanguageIcon size={18} strokeWidth={1.75} />
    </ActionIcon>
  )
}

export const themes = [
  { name: 'light', label: 'themeLight', icon: LightThemeIcon },
  { name: 'dark', label: 'themeDark', icon: DarkThemeIcon },
  { name: 'auto', label: 'themeAuto', icon: AutoThemeIcon },
] as const satisfies readonly { readonly name: MantineColorScheme; readonly label: string; readonly icon: unknown }[]

/** Light, dark, like the system, and round again. */
export function ThemeSwitch() {
  const t = useTranslations('shell')
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const at = themes.findIndex(({ name }) => name === colorScheme)
  const current = themes[at] ?? themes[2]
  const next = themes[(at + 1) % themes.length]!
  const label = t('switchTheme', { current: t(current.label), next: t(next.label) })
  const ThemeIcon = current.icon
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(next.name)}
    >
      <ThemeIcon size={18} strokeWidth={1.75} />
    </ActionIcon>
  )
}
