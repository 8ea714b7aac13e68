import type { OperatingSystem, OsFamily } from '../../inventory.ts'
import { type Analyser, bothModes, type SystemEvidence } from '../analyser.ts'
import { textOf } from '../file-content.ts'

const maxBytes = 64 * 1024

/** `ID` of os-release → family, where they differ. An unknown one stays as it stands, so that "no data for it" can name it. */
const families: Readonly<Record<string, OsFamily>> = {
  rhel: 'redhat',
  almalinux: 'alma',
  ol: 'oracle',
  amzn: 'amazon',
  sles: 'suse',
  sled: 'suse',
  sles_sap: 'suse',
  'sle-micro': 'suse',
  'sl-micro': 'suse',
  'sle-micro-rancher': 'suse',
  'suse-microos': 'suse',
  opensuse: 'opensuse-leap',
  mariner: 'azurelinux',
  openEuler: 'openeuler',
  // Names of Trivy and Syft.
  'amazon linux': 'amazon',
  'opensuse.leap': 'opensuse-leap',
  'opensuse.tumbleweed': 'opensuse-tumbleweed',
  'suse linux enterprise server': 'suse',
  'cbl-mariner': 'azurelinux',
}

const osReleasePaths = new Set(['etc/os-release', 'usr/lib/os-release'])
const redhatPaths = new Set([
  'etc/redhat-release',
  'etc/centos-release',
  'etc/rocky-release',
  'etc/almalinux-release',
  'etc/oracle-release',
  'etc/fedora-release',
  'etc/system-release',
  'etc/openEuler-release',
  'etc/anolis-release',
  'usr/lib/redhat-release',
  'usr/lib/centos-release',
  'usr/lib/fedora-release',
  'usr/lib/system-release',
])

/** Files by which a system says what it is. */
export const systemAnalysers: readonly Analyser[] = [
  release('os-release', (path) => osReleasePaths.has(path), fromOsRelease),
  release(
    'alpine-release',
    (path) => path === 'etc/alpine-release',
    (text) => {
      const version = firstLine(text)
      return version === '' ? undefined : { id: 'alpine', version, name: `Alpine Linux ${version}` }
    },
  ),
  release(
    'debian-version',
    (path) => path === 'etc/debian_version',
    (text) => {
      const version = firstLine(text)
      return version === '' ? undefined : { id: 'debian', version, name: `Debian ${version}` }
    },
  ),
  release('redhat-release', (path) => redhatPaths.has(path), fromRedHatRelease),
  release(
    'kylin-release',
    (path) => path === 'etc/kylin-release',
    (text) => {
      const line = firstLine(text)
      const version = /release (\S+)/.exec(line)?.[1] ?? ''
      return line === '' ? undefined : { id: 'kylin', version, name: line }
    },
  ),
  release(
    'lsb-release',
    (path) => path === 'etc/lsb-release',
    (text) => {
      const values = shellValues(text)
      const id = (values.get('DISTRIB_ID') ?? '').toLowerCase()
      const version = values.get('DISTRIB_RELEASE') ?? ''
      return id === '' ? undefined : { id, version, name: values.get('DISTRIB_DESCRIPTION') ?? id }
    },
  ),
]

function release(
  from: SystemEvidence['from'],
  isPath: (path: string) => boolean,
  read: (text: string) => Omit<SystemEvidence, 'from'> | undefined,
): Analyser {
  return {
    name: from,
    maxBytes,
    modes: bothModes,
    wants: ({ path, size }) => isPath(path) && size > 0,
    read(content) {
      const system = read(textOf(content, maxBytes))
      return system === undefined ? undefined : { system: { from, ...system } }
    },
  }
}

function fromOsRelease(text: string): Omit<SystemEvidence, 'from'> | undefined {
  const values = shellValues(text)
  const id = values.get('ID') ?? ''
  if (id === '') return undefined
  const version = values.get('VERSION_ID') ?? ''
  return { id, version, name: values.get('PRETTY_NAME') ?? values.get('NAME') ?? id }
}

/** `CentOS Linux release 7.6.1810 (Core)`. */
function fromRedHatRelease(text: string): Omit<SystemEvidence, 'from'> | undefined {
  const line = firstLine(text)
  const at = line.toLowerCase().indexOf(' release ')
  if (at === -1) return undefined
  const id = redhatNames.find(([name]) => line.toLowerCase().startsWith(name))?.[1]
  const version = line.slice(at + ' release '.length).split(' ')[0] ?? ''
  return id === undefined ? undefined : { id, version, name: line }
}

const redhatNames: readonly (readonly [string, string])[] = [
  ['red hat', 'rhel'],
  ['centos', 'centos'],
  ['rocky', 'rocky'],
  ['almalinux', 'almalinux'],
  ['oracle', 'ol'],
  ['fedora', 'fedora'],
  ['amazon', 'amzn'],
  ['openeuler', 'openEuler'],
  ['anolis', 'anolis'],
  ['kylin', 'kylin'],
]

const firstLine = (text: string): string => (text.split('\n', 1)[0] ?? '').trim().slice(0, 200)

/** `NAME="value"` lines (os-release(5)). */
function shellValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=')
    if (equals === -1 || line.startsWith('#')) continue
    const value = line.slice(equals + 1).trim()
    const quote = value[0]
    const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote)
    values.set(line.slice(0, equals).trim(), (isQuoted ? value.slice(1, -1) : value).slice(0, 200))
  }
  return values
}

/** The system that its files agree on: os-release says it best, and the others are of systems that are older than it. */
export function systemFrom(evidence: readonly SystemEvidence[]): OperatingSystem | undefined {
  const order: readonly SystemEvidence['from'][] = [
    'os-release',
    'alpine-release',
    'kylin-release',
    'redhat-release',
    'lsb-release',
    'debian-version',
  ]
  for (const from of order) {
    const [best] = evidence
      .filter((each) => each.from === from)
      .sort((one, other) => other.version.length - one.version.length)
    if (best !== undefined) return asSystem(best)
  }
  return undefined
}

function asSystem({ id, version, name }: SystemEvidence): OperatingSystem {
  return { family: familyOf(id), version, name }
}

/** The family of an `ID` of os-release, or of a name that others give it. */
export function familyOf(id: string): string {
  const known = families[id] ?? families[id.toLowerCase()]
  return known ?? id.toLowerCase()
}
