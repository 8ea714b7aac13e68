import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzip } from './archive.ts'
import { runTool } from './run-tool.ts'
import { root, type Source } from './source.ts'

interface PackagedFile {
  readonly path: string
  readonly mode: number
  readonly content: Uint8Array | string
  /** Kept as the operator left it when the package is upgraded. */
  readonly configuration?: true
}

const summary = 'container registry for organisations that keep their images at home'
const description = `One program that does what a registry of an organisation needs: projects, roles, LDAP and OIDC, robots, scanning,
signatures, retention, an audit log and a console. It speaks the protocol of Docker and OCI and the REST API of
Harbor 2.0, with an embedded database and a folder, or with PostgreSQL and object storage.`
const maintainer = 'The Berth authors <noreply@berth.invalid>'
const license = 'Apache-2.0'

/** What both kinds of package put on the machine. */
function filesOf(executable: string, completions: Readonly<Record<string, string>>): PackagedFile[] {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const sample = read('deploy/berth.example.yml')
  const settings = sample.replace('# data_folder: ./berth-data', 'data_folder: /var/lib/berth')
  if (settings === sample) throw new Error('deploy/berth.example.yml has no data_folder to be set')
  const unit = read('deploy/berth.service')
  return [
    { path: 'usr/bin/berth', mode: 0o755, content: readFileSync(executable) },
    {
      path: 'lib/systemd/system/berth.service',
      mode: 0o644,
      content: unit.slice(unit.indexOf('[Unit]')).replaceAll('/usr/local/bin/berth', '/usr/bin/berth'),
    },
    {
      path: 'usr/lib/sysusers.d/berth.conf',
      mode: 0o644,
      content: 'u berth - "Berth container registry" /var/lib/berth /usr/sbin/nologin\n',
    },
    { path: 'etc/berth/berth.yml', mode: 0o644, content: settings, configuration: true },
    { path: 'usr/share/bash-completion/completions/berth', mode: 0o644, content: completions['bash']! },
    { path: 'usr/share/zsh/vendor-completions/_berth', mode: 0o644, content: completions['zsh']! },
    { path: 'usr/share/fish/vendor_completions.d/berth.fish', mode: 0o644, content: completions['fish']! },
    {
      path: 'usr/share/doc/berth/copyright',
      mode: 0o644,
      content: `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Berth\n\nFiles: *\nCopyright: The Berth authors\nLicense: ${license}\n On Debian systems, the text of the licence is in /usr/share/common-licenses/Apache-2.0.\n`,
    },
    { path: 'usr/share/doc/berth/changelog.gz', mode: 0o644, content: gzip(Buffer.from(read('CHANGELOG.md'))) },
    { path: 'usr/share/doc/berth/LICENSE', mode: 0o644, content: read('LICENSE') },
  ]
}

export interface PackageInput {
  readonly source: Source
  readonly arch: 'amd64' | 'arm64'
  readonly executable: string
  readonly completions: Readonly<Record<string, string>>
  readonly folder: string
}

/** Builds a package for Debian, Ubuntu and their kin, and gives its path. */
export function buildDeb({ source, arch, executable, completions, folder }: PackageInput): string {
  const tree = mkdtempSync(join(tmpdir(), 'berth-deb-'))
  try {
    const files = filesOf(executable, completions)
    layOut(tree, files)
    const installed = Math.ceil(files.reduce((sum, { content }) => sum + content.length, 0) / 1024)
    const control = join(tree, 'DEBIAN')
    mkdirSync(control, { mode: 0o755 })
    const write = (name: string, content: string, mode = 0o644) => writeFileSync(join(control, name), content, { mode })
    write('control', controlOf(source.version, arch, installed))
    write(
      'conffiles',
      files
        .filter(({ configuration }) => configuration)
        .map(({ path }) => `/${path}\n`)
        .join(''),
    )
    for (const script of ['postinst', 'prerm', 'postrm']) {
      write(script, readFileSync(join(root, 'deploy/packages', script), 'utf8'), 0o755)
    }
    setTimes(tree, source.epoch)
    const file = join(folder, `berth_${source.version}_${arch}.deb`)
    const env = { SOURCE_DATE_EPOCH: String(source.epoch) }
    runTool(['dpkg-deb', '--root-owner-group', '-Zxz', '-z6', '--build', tree, file], { env })
    return file
  } finally {
    rmSync(tree, { recursive: true })
  }
}

const controlOf = (version: string, arch: string, installed: number): string => `Package: berth
Version: ${version}
Architecture: ${arch}
Maintainer: ${maintainer}
Installed-Size: ${installed}
Depends: libc6 (>= 2.28)
Recommends: ca-certificates
Section: net
Priority: optional
Description: ${summary}
${description.replaceAll(/^/gm, ' ')}
`

/** Builds a package for Red Hat's systems and their kin, and gives its path. */
export function buildRpm({ source, arch, executable, completions, folder }: PackageInput): string {
  const work = mkdtempSync(join(tmpdir(), 'berth-rpm-'))
  try {
    const tree = join(work, 'tree')
    const files = filesOf(executable, completions).map((file) => ({ ...file, path: rpmPath(file.path) }))
    layOut(tree, files)
    setTimes(tree, source.epoch)
    const spec = join(work, 'berth.spec')
    writeFileSync(spec, specOf(source, files))
    const rpmArch = arch === 'amd64' ? 'x86_64' : 'aarch64'
    const definitions = {
      _topdir: join(work, 'top'),
      _rpmdir: work,
      _buildhost: 'berth',
      use_source_date_epoch_as_buildtime: '1',
      clamp_mtime_to_source_date_epoch: '1',
      _build_id_links: 'none',
      // The program has its own data behind the ELF file: nothing may strip it.
      __os_install_post: '%{nil}',
      debug_package: '%{nil}',
      _binary_payload: 'w6.xzdio',
      berth_tree: tree,
    }
    const flags = Object.entries(definitions).flatMap(([name, value]) => ['--define', `${name} ${value}`])
    runTool(['rpmbuild', '-bb', '--target', rpmArch, ...flags, spec], {
      env: { SOURCE_DATE_EPOCH: String(source.epoch) },
    })
    const [built] = readdirSync(join(work, rpmArch))
    const file = join(folder, `berth-${source.version}-1.${rpmArch}.rpm`)
    cpSync(join(work, rpmArch, built!), file)
    return file
  } finally {
    rmSync(work, { recursive: true })
  }
}

const rpmPath = (path: string): string =>
  path.replace(/^lib\//, 'usr/lib/').replace('zsh/vendor-completions', 'zsh/site-functions')

function specOf({ version, epoch }: Source, files: readonly PackagedFile[]): string {
  const date = new Date(epoch * 1000).toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+).*/, '$1 $3 $2 $4')
  const script = (name: string): string => readFileSync(join(root, 'deploy/packages', `rpm-${name}`), 'utf8').trim()
  return `Name: berth
Version: ${version}
Release: 1
Summary: ${summary}
License: ${license}
AutoReqProv: no
Requires: glibc >= 2.28
Requires(pre): shadow-utils

%description
${description}

%install
mkdir -p %{buildroot}
cp -a %{berth_tree}/. %{buildroot}/

%pre
${script('pre')}

%post
${script('post')}

%preun
${script('preun')}

%postun
${script('postun')}

%files
%dir /etc/berth
${files.map(({ path, configuration }) => `${configuration ? '%config(noreplace) ' : ''}/${path}`).join('\n')}

%changelog
* ${date} ${maintainer} - ${version}-1
- See /usr/share/doc/berth/changelog.gz
`
}

function layOut(tree: string, files: readonly PackagedFile[]): void {
  for (const { path, mode, content } of files) {
    mkdirSync(join(tree, dirname(path)), { recursive: true, mode: 0o755 })
    writeFileSync(join(tree, path), content, { mode })
  }
}

function setTimes(path: string, epoch: number): void {
  if (existsSync(path) && statSync(path).isDirectory()) {
    for (const name of readdirSync(path)) setTimes(join(path, name), epoch)
  }
  utimesSync(path, epoch, epoch)
}
