import { type Analyser, bothModes, type PackageDraft } from '../analyser.ts'
import { textOf } from '../file-content.ts'
import { jsonOf, listAt } from '../formats/json.ts'
import { linesOf } from '../formats/paragraphs.ts'
import { rpmHeadersOf } from '../formats/rpm-database.ts'
import { readRpmHeader, type RpmHeader } from '../formats/rpm-header.ts'
import { licencesFrom } from '../licences.ts'

const mib = 1024 * 1024
const databaseFolders = ['var/lib/rpm/', 'usr/lib/sysimage/rpm/', 'usr/share/rpm/']
const databaseNames = new Set(['Packages', 'Packages.db', 'rpmdb.sqlite'])

const database: Analyser = {
  name: 'rpm',
  maxBytes: 512 * mib,
  modes: bothModes,
  wants: ({ path, name, size }) =>
    size > 0 && databaseNames.has(name) && databaseFolders.some((folder) => path === folder + name),
  read(content, { isWantedPath }) {
    const packages: PackageDraft[] = []
    const owned: string[] = []
    for (const bytes of rpmHeadersOf(content)) {
      const header = readRpmHeader(bytes)
      // Keys that signed packages are kept as packages, and are none.
      if (header.name === '' || header.version === '' || header.name === 'gpg-pubkey') continue
      packages.push(asPackage(header))
      if (!isOfDistribution(header)) continue
      for (const file of header.files()) if (isWantedPath(file.slice(1))) owned.push(file.slice(1))
    }
    return { packages, owned }
  },
}

function asPackage({ name, version, release, epoch, ...rest }: RpmHeader): PackageDraft {
  const full = `${epoch === undefined || epoch === 0 ? '' : `${epoch}:`}${version}-${release}`
  return {
    kind: 'rpm',
    name,
    version: full,
    ...sourceOf(rest.sourceRpm, epoch ?? 0, name, full),
    ...(rest.architecture === '' ? {} : { architecture: rest.architecture }),
    ...(rest.modularity === '' ? {} : { modularity: rest.modularity }),
    ...(rest.vendor === '' ? {} : { vendor: rest.vendor.slice(0, 200) }),
    licences: rest.licence === '' ? [] : licencesFrom(rest.licence.slice(0, 200)),
  }
}

/** `bash-5.1.8-6.el9.src.rpm`. The epoch of a source is not written anywhere: it is the package's. */
function sourceOf(file: string, epoch: number, name: string, version: string): Partial<PackageDraft> {
  const [, sourceName, sourceVersion] = /^(.+)-([^-]+-[^-]+)\.[^.-]+\.rpm$/.exec(file.slice(0, 500)) ?? []
  if (sourceName === undefined || sourceVersion === undefined) return {}
  const full = `${epoch === 0 ? '' : `${epoch}:`}${sourceVersion}`
  return {
    ...(sourceName === name ? {} : { sourceName }),
    ...(full === version ? {} : { sourceVersion: full }),
  }
}

/** Packages of others have no advisories of the distribution; what lies in them counts by itself. */
const isOfDistribution = ({ vendor, release }: RpmHeader): boolean =>
  vendor === '' ? release.includes('amzn') : distributionVendors.some((each) => vendor.startsWith(each))

const distributionVendors = [
  'Amazon Linux',
  'Amazon.com',
  'CentOS',
  'Fedora Project',
  'Oracle America',
  'Red Hat',
  'AlmaLinux',
  'CloudLinux',
  'VMware',
  'SUSE',
  'openSUSE',
  'Microsoft Corporation',
  'Rocky',
  'openEuler',
  'http://openeuler.org',
  'OpenAnolis',
  'Alibaba Cloud',
  'Anolis',
  'Kylin',
  'TencentOS',
  'UnionTech',
]

/** Azure Linux without rpm: what `rpm -qa` said when the image was made, a line each. */
const manifest: Analyser = {
  name: 'rpm-manifest',
  maxBytes: 16 * mib,
  modes: bothModes,
  wants: ({ path }) => path === 'var/lib/rpmmanifest/container-manifest-2',
  read(content) {
    const packages: PackageDraft[] = []
    for (const line of linesOf(textOf(content, this.maxBytes))) {
      const [name = '', versionRelease = '', , , vendor = '', , , architecture = '', epochText = '', sourceRpm = ''] =
        line.split('\t')
      if (name === '' || versionRelease === '') continue
      const epoch = /^\d{1,9}$/.test(epochText) ? Number(epochText) : undefined
      const at = versionRelease.lastIndexOf('-')
      const [version, release] = [versionRelease.slice(0, at), versionRelease.slice(at + 1)]
      const rest = { architecture, sourceRpm: sourceRpm.trim(), vendor, licence: '', modularity: '', files: noFiles }
      packages.push(asPackage({ name, version, release, epoch, ...rest }))
    }
    return { packages }
  },
}

function* noFiles(): Generator<string, void> {}

/** Red Hat: the repositories that an image was made from decide which of its advisories concern it. */
const contentManifest: Analyser = {
  name: 'redhat-content-manifest',
  maxBytes: 4 * mib,
  modes: bothModes,
  wants: ({ path, name }) =>
    name.endsWith('.json') &&
    (path === `root/buildinfo/content_manifests/${name}` || path === `usr/share/buildinfo/${name}`),
  read(content) {
    const contentSets = listAt(jsonOf(content, this.maxBytes), 'content_sets').filter(
      (each) => typeof each === 'string',
    )
    return contentSets.length === 0 ? undefined : { contentSets: contentSets.slice(0, 1_000) }
  },
}

/** Older images of Red Hat have their Dockerfile in place of it; its name and labels make up the name of the build. */
const buildFile: Analyser = {
  name: 'redhat-dockerfile',
  maxBytes: mib,
  modes: bothModes,
  wants: ({ path, name }) => path === `root/buildinfo/${name}` && name.startsWith('Dockerfile'),
  read(content, { path }) {
    const text = textOf(content, this.maxBytes)
    const label = (name: string) => new RegExp(`"?${name}"?="?([\\w.-]+)`).exec(text)?.[1]
    const [component, architecture] = [label(String.raw`com\.redhat\.component`), label('architecture')]
    const version = /-([^-]+-[^-]+)$/.exec(path)?.[1]
    return component === undefined || architecture === undefined || version === undefined
      ? undefined
      : { contentSets: [`${component}-${version}-${architecture}`] }
  },
}

export const rpmAnalysers: readonly Analyser[] = [database, manifest, contentManifest, buildFile]
