import { type Analyser, imagesOnly } from '../analyser.ts'
import { jsonOf, isTable, stringAt } from '../formats/json.ts'
import { licencesFrom } from '../licences.ts'

const maxBytes = 4 * 1024 * 1024
const isName = /^(?:@[\w.~-]+\/)?[\w.~-]+$/

/** An installed package of npm: `package.json` at the root of its folder. */
export const nodePackageAnalyser: Analyser = {
  name: 'node-package',
  maxBytes,
  modes: imagesOnly,
  wants: ({ name, path }) => name === 'package.json' && isPackageRoot(path),
  read(content) {
    const json = jsonOf(content, maxBytes)
    const [name, version] = [stringAt(json, 'name'), stringAt(json, 'version')]
    if (!isName.test(name) || version === '') return undefined
    const { license, licenses } = isTable(json) ? json : {}
    return { packages: [{ kind: 'npm', name, version, licences: licencesFrom(license, licenses) }] }
  },
}

/** Below the last `node_modules` there is only a name: `rxjs/ajax/package.json` is a hint for bundlers, no package. */
function isPackageRoot(path: string): boolean {
  const marker = 'node_modules/'
  const at = path.lastIndexOf(marker)
  if (at === -1 || (at > 0 && path[at - 1] !== '/')) return true
  const parts = path.slice(at + marker.length).split('/')
  return parts[0]!.startsWith('@') ? parts.length === 3 : parts.length === 2
}
