import { createContext, use, useCallback, useEffect, useMemo, useState, type ReactNode } from 'react'
import { IntlProvider } from 'use-intl'
import { loadMessages, preferredLanguage, rememberLanguage, type Language, type Messages } from './languages.ts'

interface LanguageChoice {
  readonly language: Language
  choose(language: Language): void
}

const LanguageContext = createContext<LanguageChoice | undefined>(undefined)

export function useLanguage(): LanguageChoice {
  const choice = use(LanguageContext)
  if (choice === undefined) throw new Error('useLanguage is for components below LanguageProvider')
  return choice
}

interface LanguageProviderProps {
  /** Loaded before anything is drawn, so that no page appears without its words. */
  readonly first: { readonly language: Language; readonly messages: Messages }
  readonly children: ReactNode
}

export function LanguageProvider({ first, children }: LanguageProviderProps) {
  const [shown, setShown] = useState(first)
  const choose = useCallback((language: Language) => {
    rememberLanguage(language)
    void loadMessages(language).then((messages) => setShown({ language, messages }))
  }, [])
  useEffect(() => {
    document.documentElement.lang = shown.language
  }, [shown.language])
  const choice = useMemo(() => ({ language: shown.language, choose }), [shown.language, choose])
  return (
    <LanguageContext value={choice}>
      <IntlProvider locale={shown.language} messages={shown.messages} onError={reportMissing} timeZone={timeZone}>
        {children}
      </IntlProvider>
    </LanguageContext>
  )
}

const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone

/** Tests fail on it; people see the key. */
function reportMissing(error: Error): void {
  // oxlint-disable-next-line no-console
  console.error(error.message)
}

export async function loadPreferredLanguage(): Promise<LanguageProviderProps['first']> {
  const language = preferredLanguage()
  return { language, messages: await loadMessages(language) }
}
