import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const web = join(import.meta.dirname, '..', '..', 'web', 'src')

/** The styles of /docs: their own rules, under the colours and faces of the console's theme. */
export function docsStyles(): string {
  const theme = readFileSync(join(web, 'theme', 'theme.ts'), 'utf8')
  const global = readFileSync(join(web, 'theme', 'global.css'), 'utf8')
  const blocks = [...global.matchAll(/^:root(?:\[[^\]]*\])? \{\n[\s\S]*?^\}/gm)].map(([block]) => block)
  const own = [
    `:root { --berth-text: var(--mantine-color-gray-9); --berth-sans: ${faceOf(theme, 'sans')}; --berth-mono: ${faceOf(theme, 'mono')}; color-scheme: light; }`,
    ":root[data-mantine-color-scheme='dark'] { --berth-text: var(--mantine-color-dark-0); color-scheme: dark; }",
  ]
  const rules = readFileSync(join(web, 'docs', 'docs.css'), 'utf8')
  return withColours(theme, [...blocks, ...own, rules].join('\n'))
}

/** `var(--mantine-color-gray-0)` is the first of the tuple `gray`. */
const withColours = (theme: string, styles: string): string =>
  styles.replaceAll(/var\(--mantine-color-([a-z]+)(?:-(\d))?\)/g, (_, name: string, place?: string) => {
    if (name === 'white') return '#fff'
    const tuple = new RegExp(`const ${name}: MantineColorsTuple = \\[([\\s\\S]*?)\\]`).exec(theme)?.[1]
    const colour = tuple?.match(/#[0-9a-f]{6}/g)?.[Number(place)]
    if (colour === undefined) throw new Error(`theme.ts has no colour ${name} ${String(place)}`)
    return colour
  })

/** The text of `const sans = '…' + '…'`. */
function faceOf(theme: string, name: string): string {
  const lines = new RegExp(`const ${name} =\\n((?:  '.*\\n)+)`).exec(theme)?.[1]
  if (lines === undefined) throw new Error(`theme.ts has no face ${name}`)
  return [...lines.matchAll(/'(.*)'/g)].map(([, part]) => part).join('')
}
