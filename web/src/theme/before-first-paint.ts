// Runs before anything is painted, so that nobody who chose the dark theme sees a white flash.
// Its file is a classic script: no imports.
{
  const chosen = localStorage.getItem('berth.theme')
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset['mantineColorScheme'] = dark ? 'dark' : 'light'

  // Files that this page will ask for once the first have come: asked for beside them, they cost no second way there.
  const parts = document.querySelector<HTMLMetaElement>('meta[name="parts"]')?.content
  if (parts !== undefined) {
    const files = JSON.parse(parts) as Readonly<Record<string, readonly string[]>>
    const stored = localStorage.getItem('berth.language')
    const asked = navigator.languages.find((each) => /^(zh|en)\b/.test(each))
    const language = stored === 'zh-CN' || stored === 'en' ? stored : asked?.startsWith('zh') === true ? 'zh-CN' : 'en'
    const path = location.pathname
    const places: readonly (readonly [RegExp, string])[] = [
      [/^\/(sign-in|first-run|oidc-onboard)\b/, 'entrance'],
      [/^\/($|first-image\b)/, 'start'],
      [/^\/projects\/[^/]+\/(members|robots|policies|labels|trash|logs|settings)\b/, 'project'],
      [/^\/projects\b/, 'browse'],
      [/^\/administration\b/, 'administration'],
      [/^\/profile\b/, 'profile'],
    ]
    const place = places.find(([pattern]) => pattern.test(path))?.[1]
    for (const name of new Set([...(files[language] ?? []), ...(place === undefined ? [] : (files[place] ?? []))])) {
      const link = document.createElement('link')
      link.rel = 'modulepreload'
      link.href = name
      document.head.append(link)
    }
  }
}
