import { type Analyser, bothModes, imagesOnly, type PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { isTable, jsonOf, listAt, stringAt, tableAt } from '../formats/json.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { licencesFrom } from '../licences.ts'

const mib = 1024 * 1024

/** An installed gem: a specification that RubyGems has written, a line for each field. */
const gemspec: Analyser = {
  name: 'gemspec',
  maxBytes: mib,
  modes: imagesOnly,
  wants: ({ path, name }) => name.endsWith('.gemspec') && /(?:^|\/)specifications\//.test(path),
  read(content) {
    let [name, version] = ['', '']
    const licences: string[] = []
    for (const line of linesOf(textOf(content, this.maxBytes))) {
      const [, field = '', value = ''] =
        /^\s{0,20}\w{1,20}\.(name|version|licenses?)\s{0,20}=\s{0,20}(.{0,500})/.exec(line) ?? []
      const texts = [...value.matchAll(/["']([^"']+)["']/g)].map(([, text = '']) => text)
      if (field === 'name') name ||= texts[0] ?? ''
      else if (field === 'version') version ||= texts[0] ?? ''
      else if (field !== '') licences.push(...texts)
    }
    return name === '' || version === ''
      ? undefined
      : { packages: [{ kind: 'gem', name, version, licences: licencesFrom(licences) }] }
  },
}

/** Installed packages of PHP, as Composer lists them beside them. */
const composerInstalled: Analyser = {
  name: 'composer-installed',
  maxBytes: 32 * mib,
  modes: imagesOnly,
  wants: ({ name, path }) => name === 'installed.json' && /(?:^|\/)composer\/installed\.json$/.test(path),
  read(content) {
    const json = jsonOf(content, this.maxBytes)
    const list = Array.isArray(json) ? (json as unknown[]) : listAt(json, 'packages')
    return { packages: list.flatMap(composerPackage) }
  },
}

/** One package of Composer's lists. */
export function composerPackage(each: unknown): PackageDraft[] {
  const [name, version] = [stringAt(each, 'name'), stringAt(each, 'version')]
  if (name === '' || version === '') return []
  return [{ kind: 'composer', name, version, licences: licencesFrom(isTable(each) ? each.license : undefined) }]
}

/** What a program of .NET was published with. */
const dotnetDependencies: Analyser = {
  name: 'dotnet-deps',
  maxBytes: 32 * mib,
  modes: bothModes,
  wants: ({ name }) => name.endsWith('.deps.json'),
  read(content) {
    const json = jsonOf(content, this.maxBytes)
    const target = tableAt(tableAt(json, 'targets'), stringAt(tableAt(json, 'runtimeTarget'), 'name'))
    const isKnownTarget = Object.keys(target).length > 0
    return {
      packages: Object.entries(tableAt(json, 'libraries')).flatMap(([key, library]): PackageDraft[] => {
        const slash = key.indexOf('/')
        if (stringAt(library, 'type').toLowerCase() !== 'package' || slash === -1) return []
        // What is only for building stands there without files.
        const files = tableAt(target, key)
        const isRun = ['runtime', 'runtimeTargets', 'native'].some((part) => isTable(files[part]))
        if (isKnownTarget && !isRun) return []
        return [{ kind: 'nuget', name: key.slice(0, slash), version: key.slice(slash + 1) }]
      }),
    }
  },
}

/** An installed package of Conda. */
const condaMeta: Analyser = {
  name: 'conda-meta',
  maxBytes: 32 * mib,
  modes: imagesOnly,
  wants: ({ name, path }) => name.endsWith('.json') && /(?:^|\/)conda-meta\/[^/]+$/.test(path),
  read(content) {
    const json = jsonOf(content, this.maxBytes)
    const [name, version] = [stringAt(json, 'name'), stringAt(json, 'version')]
    if (name === '' || version === '') return undefined
    return { packages: [{ kind: 'conda', name, version, licences: licencesFrom(stringAt(json, 'license')) }] }
  },
}

export const installedAnalysers: readonly Analyser[] = [gemspec, composerInstalled, dotnetDependencies, condaMeta]
