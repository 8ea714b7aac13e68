import { type Analyser, bothModes, type PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { licencesFrom } from '../licences.ts'

const maxBytes = 64 * 1024 * 1024

/** The installed packages of apk: paragraphs of lines `<letter>:<value>`. */
export const apkAnalyser: Analyser = {
  name: 'apk',
  maxBytes,
  modes: bothModes,
  wants: ({ path }) => path === 'lib/apk/db/installed' || path === 'usr/lib/apk/db/installed',
  read(content, { isWantedPath }) {
    const packages = new Map<string, PackageDraft>()
    const owned: string[] = []
    let fields = new Map<string, string>()
    let folder = ''
    for (const line of textOf(content, maxBytes).split('\n')) {
      const [letter, value] = [line[0], line.slice(2).trimEnd()]
      if (line.length < 2) {
        keep(packages, fields)
        fields = new Map()
      } else if (line[1] !== ':') continue
      else if (letter === 'F') folder = value
      else if (letter === 'R') {
        const path = folder === '' ? value : `${folder}/${value}`
        if (isWantedPath(path)) owned.push(path)
      } else if (letter !== undefined && 'PVoALm'.includes(letter)) fields.set(letter, value)
    }
    keep(packages, fields)
    return { packages: [...packages.values()], owned }
  },
}

/** Of two of one name the first is the one that apk shows. */
function keep(packages: Map<string, PackageDraft>, fields: ReadonlyMap<string, string>): void {
  const [name, version, origin] = [fields.get('P'), fields.get('V'), fields.get('o')]
  if (name === undefined || name === '' || version === undefined || version === '' || packages.has(name)) return
  const architecture = fields.get('A')
  packages.set(name, {
    kind: 'apk',
    name,
    version,
    ...(origin === undefined || origin === '' || origin === name ? {} : { sourceName: origin }),
    ...(architecture === undefined ? {} : { architecture }),
    licences: licencesOf(fields.get('L') ?? ''),
  })
}

/** `MIT BSD GPL2+` is a list, `MIT AND BSD` an expression. */
const licencesOf = (text: string): string[] => licencesFrom(/ (?:AND|OR|WITH) /.test(text) ? text : text.split(' '))
