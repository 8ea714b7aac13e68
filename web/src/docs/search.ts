import MiniSearch from 'minisearch'

export interface SearchSection {
  readonly page: string
  readonly heading: string
  readonly address: string
  readonly text: string
}

/** A function that finds sections by words, the best first; the text of a code or of a message finds its section too. */
export function searchIn(sections: readonly SearchSection[], language: string) {
  const words = wordsOf(language)
  const index = new MiniSearch<SearchSection & { readonly id: number }>({
    fields: ['heading', 'page', 'text'],
    tokenize: words,
    searchOptions: {
      boost: { heading: 4, page: 2 },
      prefix: true,
      fuzzy: slips,
      combineWith: 'AND',
      // What to do stands in the guides; the references name everything.
      boostDocument: (id) => (sections[Number(id)]?.address.includes('/reference/') === true ? 0.3 : 1),
    },
  })
  index.addAll(sections.map((section, id) => ({ ...section, id })))
  return (query: string): readonly SearchSection[] => {
    const all = index.search(query)
    const some = all.length > 0 ? all : index.search(query, { combineWith: 'OR' })
    return some.map(({ id }) => sections[Number(id)]!)
  }
}

/** Chinese has no spaces between words: the browser's own dictionary cuts it. */
function wordsOf(language: string): (text: string) => string[] {
  const segmenter = new Intl.Segmenter(language, { granularity: 'word' })
  const cut = (text: string): string[] =>
    [...segmenter.segment(text)].flatMap(({ segment, isWordLike }) => (isWordLike === true ? [segment] : []))
  // `berth_storage_full`, `trash.window`: the whole, and its parts.
  return (text) => [...cut(text), ...(text.match(/[A-Za-z0-9]+(?:[_.-][A-Za-z0-9]+)*/g) ?? []).flatMap(partsOf)]
}

const partsOf = (name: string): string[] => (/[_.-]/.test(name) ? [name, ...name.split(/[_.-]/)] : [])

/** Two slips in a word of eight letters, none in a short one. */
const slips = (word: string): number | false => (word.length > 3 ? 0.25 : false)
