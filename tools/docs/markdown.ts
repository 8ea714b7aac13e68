/** What the checks and the pages of /docs read of a Markdown text. */
export interface Heading {
  readonly level: number
  readonly text: string
  readonly anchor: string
}

export interface Fence {
  readonly language: string
  /** The environment for which `<!-- run: … -->` before it says that a test runs it. */
  readonly run: string | undefined
  readonly text: string
}

const fencePattern =
  /(?:^[ \t]*<!-- run: (?<run>[\w-]+) -->\n)?^(?<indent>[ \t]*)```(?<language>\w*)\n(?<text>[\s\S]*?)^\k<indent>```$/gm

export const fencesOf = (text: string): readonly Fence[] =>
  [...text.matchAll(fencePattern)].map(({ groups }) => ({
    language: groups!['language']!,
    run: groups!['run'],
    text: groups!['text']!.replaceAll(new RegExp(`^${groups!['indent']}`, 'gm'), ''),
  }))

/** With a text of its own for each block, by its place among those of `fencesOf`. */
export function replaceFences(text: string, replacement: (index: number) => string): string {
  let next = 0
  return text.replaceAll(fencePattern, () => replacement(next++))
}

export const withoutFences = (text: string): string => text.replaceAll(fencePattern, '')

export function headingsOf(text: string): readonly Heading[] {
  const anchors = new Anchors()
  return [...withoutFences(text).matchAll(/^(#{1,6}) (.+)$/gm)].map(([, marks = '', title = '']) => {
    const plain = plainText(title)
    return { level: marks.length, text: plain, anchor: anchors.of(plain) }
  })
}

/** Links of the text, with what follows `#` apart. */
export const linksOf = (text: string): readonly { readonly path: string; readonly anchor: string | undefined }[] =>
  [...withoutFences(text).matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => {
    const [path = '', anchor] = target.split('#')
    return { path, anchor }
  })

/** Code in the running text. */
export const codeSpansOf = (text: string): readonly string[] =>
  [...withoutFences(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)

/** Without the marks of Markdown. */
export const plainText = (markdown: string): string =>
  markdown
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/<!--[\s\S]*?-->/g, '')
    .replaceAll(/<br ?\/?>/g, ' ')
    .replaceAll(/[`*]|\*\*/g, '')

/** The anchors of one page, as GitHub makes them: a second heading of the same words gets a number. */
export class Anchors {
  readonly #seen = new Map<string, number>()

  of(text: string): string {
    const plain = text
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
      .replaceAll(' ', '-')
    const before = this.#seen.get(plain)
    this.#seen.set(plain, (before ?? 0) + 1)
    return before === undefined ? plain : `${plain}-${before}`
  }
}
