// Runs before anything is painted, so that nobody who chose the dark theme sees a white flash.
// Its file is a classic script: no imports.
{
  const chosen = localStorage.getItem('berth.theme')
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset['mantineColorScheme'] = dark ? 'dark' : 'light'
}
