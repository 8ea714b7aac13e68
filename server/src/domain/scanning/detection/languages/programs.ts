import { inflateSync } from 'node:zlib'
import { type Analyser, imagesOnly, type PackageDraft } from '../analyser.ts'
import { contentOf } from '../file-content.ts'
import { type Executable, isExecutable, readExecutable, readSection } from '../formats/executable.ts'
import { jsonOf, listAt, stringAt } from '../formats/json.ts'
import { goBuildInfoOf, type GoBuildInfo, type GoModule } from './go-build-info.ts'

const mib = 1024 * 1024
/** cargo-auditable's own reader allows 8 MiB. */
const maxAuditBytes = 8 * mib

/** Programs of Go, and those of Rust that were built with cargo-auditable: both carry the list of what they were made of. */
export const programAnalyser: Analyser = {
  name: 'program',
  maxBytes: 512 * mib,
  modes: imagesOnly,
  wants: ({ executable, size }) => executable && size > 64,
  sniff: isExecutable,
  read(content) {
    const executable = readExecutable(content)
    if (executable === undefined) return undefined
    const info = goBuildInfoOf(executable)
    const packages = info === undefined ? rustPackages(executable) : goPackages(info)
    return packages === undefined || packages.length === 0 ? undefined : { packages }
  },
}

function goPackages(info: GoBuildInfo): PackageDraft[] {
  const packages = info.modules.map(asPackage)
  packages.push({ kind: 'golang', name: 'stdlib', version: standardLibraryVersion(info.goVersion) })
  if (info.main !== undefined && info.main.path !== '') {
    packages.push({ kind: 'golang', name: info.main.path, version: mainVersion(info.main, info.linkerFlags) })
  }
  return packages
}

const asPackage = ({ path, version }: GoModule): PackageDraft => ({
  kind: 'golang',
  name: path,
  version: version === '(devel)' ? '' : version,
})

/** `go1.22.3 X:boringcrypto`, `go1.26.5 (Red Hat …)`, `go1.26-X:foo`. */
const standardLibraryVersion = (goVersion: string): string =>
  `v${(goVersion.startsWith('go') ? goVersion.slice(2) : goVersion).split(' ')[0]!.split('-X:')[0]!}`

/** `go build` knows no version of what it builds; many programs are told theirs by `-ldflags "-X main.version=…"`. */
function mainVersion({ path, version }: GoModule, linkerFlags: string): string {
  const known = version === '(devel)' ? '' : version
  if (known !== '' && !isPseudoVersion.test(known)) return known
  return versionFromFlags(path, linkerFlags) ?? known
}

const isPseudoVersion = /[-.]\d{14}-[0-9a-f]{12}(?:\+|$)/
const isSemver = /^v?\d+(?:\.\d+){0,2}(?:[-+][0-9A-Za-z.+-]+)?$/
const maxFlags = 2_000

function versionFromFlags(module: string, flags: string): string | undefined {
  const tiers: Set<string>[] = [new Set(), new Set(), new Set()]
  for (const word of flags.slice(0, 100_000).split(/\s+/, maxFlags)) {
    const [, key = '', value = ''] = /^(?:-X=?)?['"]?([^='"\s]+)=([^'"\s]*)['"]?$/.exec(word) ?? []
    const isVersion = /\.ver(?:sion)?$/i.test(key)
    if (!isVersion || !isSemver.test(value)) continue
    const holder = key
      .slice(key.lastIndexOf('/') + 1)
      .split('.')[0]!
      .toLowerCase()
    const isUsual = ['main', 'common', 'version', 'cmd'].includes(holder)
    tiers[key.startsWith(`${module}/cmd/`) ? 0 : isUsual ? 1 : 2]!.add(value)
  }
  const [best] = tiers.filter((each) => each.size > 0)
  return best?.size === 1 ? [...best][0] : undefined
}

/** https://github.com/rust-secure-code/cargo-auditable: JSON, deflated, in a section of its own. */
function rustPackages(executable: Executable): PackageDraft[] | undefined {
  const section = executable.sections.find(({ name }) => name === '.dep-v0' || name === 'rust-deps-v0')
  if (section === undefined) return undefined
  const text = inflateSync(readSection(executable, section, maxAuditBytes), { maxOutputLength: maxAuditBytes })
  return listAt(jsonOf(contentOf(text), maxAuditBytes), 'packages')
    .filter((each) => stringAt(each, 'kind') !== 'build')
    .map((each): PackageDraft => ({ kind: 'cargo', name: stringAt(each, 'name'), version: stringAt(each, 'version') }))
    .filter(({ name, version }) => name !== '' && version !== '')
}
