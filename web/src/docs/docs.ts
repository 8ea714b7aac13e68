/** The script of the pages below /docs: search, theme, copying. Without it the pages are whole, and read only. */
import { copyText } from '../components/copy-text.ts'
import { searchIn, type SearchSection } from './search.ts'

const body = document.body.dataset

function element<Type extends HTMLElement>(id: string): Type {
  const found = document.querySelector<Type>(`#${id}`)
  if (found === null) throw new Error(`no element ${id}`)
  return found
}

function startTheme(): void {
  const button = element<HTMLButtonElement>('theme')
  button.hidden = false
  button.addEventListener('click', () => {
    const root = document.documentElement.dataset
    const theme = root['mantineColorScheme'] === 'dark' ? 'light' : 'dark'
    root['mantineColorScheme'] = theme
    localStorage.setItem('berth.theme', theme)
  })
}

function startCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button.copy')) {
    button.hidden = false
    const label = button.textContent
    button.addEventListener('click', () => {
      const code = button.previousElementSibling?.textContent ?? ''
      void copyText(code).then((done) => {
        if (!done) return
        button.textContent = body['copied'] ?? ''
        setTimeout(() => (button.textContent = label), 1_500)
      })
    })
  }
}

function startSearch(): void {
  const input = element<HTMLInputElement>('search')
  const results = element('results')
  let search: Promise<(words: string) => readonly SearchSection[]> | undefined
  input.hidden = false
  const show = async (): Promise<void> => {
    const words = input.value.trim()
    const find = await (search ??= load())
    if (input.value.trim() !== words) return
    results.hidden = words === ''
    results.replaceChildren(words === '' ? '' : listOf(find(words).slice(0, 12)))
  }
  input.addEventListener('focus', () => void (search ??= load()))
  input.addEventListener('input', () => void show())
  document.addEventListener('keydown', (event) => onKey(event, input, results))
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Node && !results.contains(target) && target !== input) results.hidden = true
  })
}

async function load(): Promise<(words: string) => readonly SearchSection[]> {
  const answer = await fetch(body['search'] ?? '')
  return searchIn((await answer.json()) as readonly SearchSection[], document.documentElement.lang)
}

function onKey(event: KeyboardEvent, input: HTMLInputElement, results: HTMLElement): void {
  const writes = event.target instanceof HTMLInputElement
  if ((event.key === '/' && !writes) || (event.key === 'k' && (event.ctrlKey || event.metaKey))) {
    event.preventDefault()
    input.focus()
  } else if (event.key === 'Escape' && !results.hidden) {
    results.hidden = true
    input.focus()
  } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && !results.hidden) {
    const links = [...results.querySelectorAll('a')]
    const at = links.indexOf(document.activeElement as HTMLAnchorElement) + (event.key === 'ArrowDown' ? 1 : -1)
    event.preventDefault()
    if (at < 0) input.focus()
    else links[Math.min(at, links.length - 1)]?.focus()
  } else if (event.key === 'Enter' && event.target === input) {
    results.querySelector('a')?.click()
  }
}

function listOf(found: readonly SearchSection[]): HTMLElement {
  if (found.length === 0) {
    const none = document.createElement('p')
    none.textContent = body['nothing'] ?? ''
    return none
  }
  const list = document.createElement('ul')
  list.append(
    ...found.map(({ page, heading, address, text }) => {
      const link = document.createElement('a')
      link.href = address
      const title = document.createElement('strong')
      title.textContent = heading === page ? page : `${page} › ${heading}`
      const extract = document.createElement('span')
      extract.textContent = text.slice(0, 120)
      link.append(title, extract)
      const item = document.createElement('li')
      item.append(link)
      return item
    }),
  )
  return list
}

startTheme()
startCopying()
startSearch()
