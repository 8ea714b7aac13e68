import type { messages as English } from './en/index.ts'

export type Messages = typeof English

declare module 'use-intl' {
  interface AppConfig {
    Messages: Messages
    Locale: Language
  }
}

/** In the order in which they are offered; each is named in its own words. */
export const languages = { en: 'English', 'zh-CN': '简体中文' } as const

export type Language = keyof typeof languages

const storageKey = 'berth.language'

/** What somebody chose here, or else what their browser asks for. */
export function preferredLanguage(): Language {
  const chosen = localStorage.getItem(storageKey)
  if (chosen !== null && Object.hasOwn(languages, chosen)) return chosen as Language
  return navigator.languages.find((each) => /^(zh|en)\b/.test(each))?.startsWith('zh') ? 'zh-CN' : 'en'
}

export function rememberLanguage(language: Language): void {
  localStorage.setItem(storageKey, language)
}

/** Only the language that is shown is loaded. */
export async function loadMessages(language: Language): Promise<Messages> {
  const loaded = language === 'zh-CN' ? await import('./zh-CN/index.ts') : await import('./en/index.ts')
  return loaded.messages as Messages
}
