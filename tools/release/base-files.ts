import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complete, entriesBelow, type ArchiveEntry } from './archive.ts'
import { runTool } from './run-tool.ts'

/** What the executable needs of a system: the C library, names of ports, time zones, certificate authorities, whose system it is. */
const packages = ['base-files', 'libc6', 'netbase', 'tzdata', 'ca-certificates'] as const
/** Nothing of it is read by the program. */
const leftOut = [
  /^usr\/share\/(?:doc\/.*(?<!copyright)|man|locale|lintian|bug|info|menu|common-licenses-obsolete)$/,
  /^usr\/share\/(?:man|locale|lintian|bug|info|menu|zoneinfo\/(?:right|posix))\//,
  /^usr\/lib\/[^/]+\/gconv(?:\/|$)/,
  /^(?:usr\/)?(?:s?bin)\//,
  /^usr\/share\/ca-certificates(?:\/|$)/,
  /^(?:boot|dev|home|media|mnt|opt|proc|root|run|srv|sys|var\/(?:backups|cache|lock|log|mail|run|spool))(?:\/|$)/,
]

export interface BaseSystem {
  readonly entries: readonly ArchiveEntry[]
  /** `name version`, for the provenance. */
  readonly packages: readonly { readonly name: string; readonly version: string; readonly sha256: string }[]
}

/**
 * A system of a few packages of Debian without a shell, as it is laid out in a layer. Each package keeps its record in
 * `var/lib/dpkg/status.d`, where scanners look for it.
 */
export function readBaseSystem(arch: string): BaseSystem {
  const folder = mkdtempSync(join(tmpdir(), 'berth-base-'))
  try {
    const files = download(folder, arch)
    const tree = join(folder, 'tree')
    mkdirSync(tree)
    // The first has the links of the folders that the others write into.
    for (const file of files)
      runTool(['sh', '-c', `dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"`, 'sh', file, tree])
    const records = files.map((file) => ({ file, record: runTool(['dpkg-deb', '--field', file]) }))
    return {
      entries: complete([
        ...entriesBelow(tree).filter(
          ({ path, folder }) => !leftOut.some((each) => each.test(folder ? `${path}/` : path)),
        ),
        ...records.map(({ record }) => statusEntry(record)),
        { path: 'etc/ssl/certs/ca-certificates.crt', mode: 0o644, content: authorities(tree) },
        ...fixedEntries,
      ]),
      packages: records.map(({ file, record }) => ({
        name: field(record, 'Package'),
        version: field(record, 'Version'),
        sha256: new Bun.CryptoHasher('sha256').update(readFileSync(file)).digest('hex'),
      })),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** By a state of apt of its own, so that the machine's lists and its processor's name stay as they are. */
function download(folder: string, arch: string): readonly string[] {
  const own = ['lists/partial', 'cache/archives/partial', 'packages']
  for (const each of own) mkdirSync(join(folder, each), { recursive: true })
  writeFileSync(join(folder, 'status'), '')
  const options = [
    `Dir::State::lists=${folder}/lists`,
    `Dir::State::status=${folder}/status`,
    `Dir::Cache=${folder}/cache`,
    `APT::Architecture=${arch}`,
    `APT::Architectures=${arch}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
  ].flatMap((option) => ['-o', option])
  const cwd = join(folder, 'packages')
  runTool(['apt-get', ...options, '-qq', 'update'])
  runTool(['apt-get', ...options, '-qq', 'download', ...packages], { cwd })
  const files = readdirSync(cwd)
  return packages.map((name) => {
    const file = files.find((each) => each.startsWith(`${name}_`))
    if (file === undefined) throw new Error(`apt-get did not bring ${name}`)
    return join(cwd, file)
  })
}

const field = (record: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? ''

const statusEntry = (record: string): ArchiveEntry => ({
  path: `var/lib/dpkg/status.d/${field(record, 'Package')}`,
  mode: 0o644,
  content: record.replace(/^Package: .*\n/m, (line) => `${line}Status: install ok installed\n`),
})

function authorities(tree: string): Uint8Array {
  const files = entriesBelow(join(tree, 'usr/share/ca-certificates')).filter(({ path }) => path.endsWith('.crt'))
  if (files.length < 50) throw new Error(`only ${files.length} certificate authorities were found`)
  const byName = files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return Buffer.concat(byName.map(({ content }) => Buffer.from(content!)))
}

/** The account of the program is the one that the volume belongs to. */
export const account = { name: 'berth', id: 10_001 }

const fixedEntries: readonly ArchiveEntry[] = [
  {
    path: 'etc/passwd',
    mode: 0o644,
    content: `root:x:0:0:root:/root:/usr/sbin/nologin\n${account.name}:x:${account.id}:${account.id}::/data:/usr/sbin/nologin\n`,
  },
  { path: 'etc/group', mode: 0o644, content: `root:x:0:\n${account.name}:x:${account.id}:\n` },
  { path: 'etc/nsswitch.conf', mode: 0o644, content: 'hosts: files dns\n' },
  { path: 'tmp', mode: 0o1777, folder: true },
  { path: 'data', mode: 0o700, folder: true, owner: account.id },
]
