import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { loadPreferredLanguage } from './i18n/language-provider.tsx'
import './theme/global.css'

// No top-level await: the bundler may put what the language needs into this very module, which would then wait for itself.
void loadPreferredLanguage().then((language) => {
  createRoot(document.querySelector('#root')!).render(<App language={language} />)
})
