import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { loadPreferredLanguage } from './i18n/language-provider.tsx'
import './theme/global.css'

const language = await loadPreferredLanguage()
createRoot(document.querySelector('#root')!).render(<App language={language} />)
