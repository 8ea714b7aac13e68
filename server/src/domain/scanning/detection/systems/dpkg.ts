import { type Analyser, bothModes, type PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { paragraphsOf } from '../formats/paragraphs.ts'
import { licencesFrom } from '../licences.ts'

const mib = 1024 * 1024
const statusFolder = 'var/lib/dpkg/status.d/'
const infoFolder = 'var/lib/dpkg/info/'
const documentsFolder = 'usr/share/doc/'

/** The database of dpkg, and the folder that distroless images have in its place: a file for each package. */
const status: Analyser = {
  name: 'dpkg',
  maxBytes: 128 * mib,
  modes: bothModes,
  wants: ({ path }) =>
    path === 'var/lib/dpkg/status' ||
    (path.startsWith(statusFolder) && !path.endsWith('.md5sums') && !path.endsWith('.preinst')),
  read(content) {
    const packages: PackageDraft[] = []
    const foreignOwners: string[] = []
    for (const fields of paragraphsOf(textOf(content, this.maxBytes))) {
      const found = installed(fields)
      if (found === undefined) continue
      packages.push(found)
      if (isForeign(fields.get('maintainer') ?? '')) foreignOwners.push(found.name)
    }
    return { packages, ...(foreignOwners.length === 0 ? {} : { foreignOwners }) }
  },
}

/** Files that packages brought: a line each. */
const lists: Analyser = {
  name: 'dpkg-list',
  maxBytes: 64 * mib,
  modes: bothModes,
  wants: ({ path }) =>
    (path.startsWith(infoFolder) && path.endsWith('.list')) ||
    (path.startsWith(statusFolder) && path.endsWith('.md5sums')),
  read(content, { path, isWantedPath }) {
    const isSums = path.endsWith('.md5sums')
    const owned = textOf(content, this.maxBytes)
      .split('\n')
      // `<digest>  <path>`, or `/<path>`.
      .map((line) => (isSums ? line.slice(line.indexOf('  ') + 2) : line.slice(1)))
      .filter((each) => each !== '' && isWantedPath(each))
    const name = path.slice(path.lastIndexOf('/') + 1)
    // `libc6:amd64.list`
    const owner = name.slice(0, name.lastIndexOf('.')).split(':')[0] ?? ''
    return owned.length === 0 ? undefined : { owned, owner }
  },
}

/** Licences in the machine-readable form of Debian (DEP 5), or as references to the texts that every Debian has. */
const copyrights: Analyser = {
  name: 'dpkg-licence',
  maxBytes: 4 * mib,
  modes: bothModes,
  wants: ({ path, name }) => name === 'copyright' && path.startsWith(documentsFolder) && path.split('/').length === 5,
  read(content, { path }) {
    const found = new Set<string>()
    for (const line of textOf(content, this.maxBytes).split('\n')) {
      if (line.startsWith('License:')) found.add(line.slice('License:'.length).trim())
      const common = line.indexOf('/usr/share/common-licenses/')
      if (common !== -1)
        found.add(/^[\w.+-]*\w/.exec(line.slice(common + '/usr/share/common-licenses/'.length))?.[0] ?? '')
    }
    const licences = licencesFrom([...found])
    return licences.length === 0 ? undefined : { licencesOf: { name: path.split('/')[3]!, licences } }
  },
}

export const dpkgAnalysers: readonly Analyser[] = [lists, status, copyrights]

function installed(fields: ReadonlyMap<string, string>): PackageDraft | undefined {
  const [name, version] = [fields.get('package'), fields.get('version')]
  if (!name || !version || !isInstalled(fields.get('status'))) return undefined
  const [, source, sourceVersion] = /^([^\s(]+)(?:\s*\(([^)]*)\))?/.exec(fields.get('source') ?? '') ?? []
  const architecture = fields.get('architecture')
  const vendor = fields.get('maintainer')
  return {
    kind: 'deb',
    name,
    version,
    ...(source === undefined || source === name ? {} : { sourceName: source }),
    ...(sourceVersion === undefined || sourceVersion === version ? {} : { sourceVersion }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(vendor === undefined ? {} : { vendor: vendor.slice(0, 200) }),
  }
}

/** `install ok installed`; distroless has no such line. Removed packages stay in the list with their settings. */
const isInstalled = (line: string | undefined): boolean =>
  line === undefined ||
  !line.split(/\s+/).some((word) => word === 'deinstall' || word === 'purge' || word === 'not-installed')

/**
 * A package that its maker built, not the distribution: it has no advisories of the distribution, so the packages of languages
 * in it count by themselves. dpkg has no field for it but the maintainer's address.
 */
const isForeign = (maintainer: string): boolean =>
  foreignMaintainers.some((each) => maintainer.includes(each)) || maintainer === 'GitHub' || maintainer === 'HashiCorp'

const foreignMaintainers = [
  'support@docker.com',
  '@nvidia.com',
  'Google Cloud CLI Authors',
  'sapmachine@sap.com',
  '@hashicorp.com',
  '@microsoft.com',
  '@mongodb.com',
  'developers@lists.mariadb.org',
  'dev@couchdb.apache.org',
  'info@elastic.co',
  'nginx-packaging@f5.com',
  '@konghq.com',
  '@cloudflare.com',
  'support@influxdb.com',
  'support@gitlab.com',
  'contact@grafana.com',
  '@datadoghq.com',
  '@nodesource.com',
  'info@tailscale.com',
  '@openrobotics.org',
  '@osrfoundation.org',
]
