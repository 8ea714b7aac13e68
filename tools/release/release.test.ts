import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findClient, skipLoudly } from '../../conformance/harness/real-client.ts'
import { complete, entriesBelow, gzip, tarOf } from './archive.ts'
import { buildChart } from './chart.ts'
import { addImage, dockerManifest } from './image.ts'
import { Layout, sha256, type Descriptor } from './layout.ts'
import { hasTool, runTool } from './run-tool.ts'
import { root, type Source } from './source.ts'
import { packagesOfProgram, provenanceOf, sbomFor } from './statements.ts'
import { buildDeb, buildRpm } from './system-package.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-release-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const source: Source = { version, commit: 'a'.repeat(40), epoch: 1_764_547_200, files: [] }
const executable = join(folder, 'berth')
writeFileSync(executable, '#!/bin/sh\necho a stand-in of the size of nothing\n', { mode: 0o755 })
const completions = { bash: 'complete berth\n', zsh: '#compdef berth\n', fish: 'complete -c berth\n' }

const twice = async (build: (into: string) => Promise<string> | string): Promise<readonly [string, string]> => {
  const built: string[] = []
  for (const turn of ['first', 'second']) {
    const into = mkdtempSync(join(folder, `${turn}-`))
    built.push(await build(into))
    // Two builds of one commit are days apart.
    await Bun.sleep(1_100)
  }
  return [built[0]!, built[1]!]
}
const digest = (file: string): string => sha256(readFileSync(file))

describe('what a release is made of', () => {
  test('an archive has the same bytes for the same entries, in any order, and the folders that they lie in', async () => {
    const entries = complete([
      { path: 'etc/berth/b.yml', mode: 0o644, content: 'b' },
      { path: 'etc/berth/a.yml', mode: 0o600, content: 'a', owner: 7 },
    ])
    expect(entries.map(({ path }) => path)).toContain('etc/berth')
    const tar = await tarOf(entries, 100)
    expect(sha256(await tarOf(entries.toReversed(), 100))).toBe(sha256(tar))
    expect(gzip(tar)[9]).toBe(255)
  })

  test('modes and links of a folder come with it', () => {
    const tree = mkdtempSync(join(folder, 'tree-'))
    mkdirSync(join(tree, 'below'))
    writeFileSync(join(tree, 'below/run'), 'x', { mode: 0o755 })
    symlinkSync('below/run', join(tree, 'link'))
    expect(entriesBelow(tree)).toEqual(
      expect.arrayContaining([
        { path: 'below', mode: 0o755, folder: true },
        { path: 'below/run', mode: 0o755, content: Buffer.from('x') },
        { path: 'link', mode: 0o777, link: 'below/run' },
      ]),
    )
  })

  test('the provenance names the commit and every package of the base; the bill of materials what is in the program', async () => {
    const manifest: Descriptor = { mediaType: 'm', digest: `sha256:${'b'.repeat(64)}`, size: 1 }
    const base = [{ name: 'libc6', version: '2.36', sha256: 'c'.repeat(64) }]
    const statement = JSON.parse(Buffer.from(provenanceOf([{ name: 'berth', sha256: 'd' }], source, base)).toString())
    expect(statement.predicate.buildDefinition.resolvedDependencies).toEqual([
      { name: 'source', digest: { gitCommit: source.commit } },
      { name: 'pkg:deb/debian/libc6@2.36', digest: { sha256: 'c'.repeat(64) } },
    ])
    const sbom = Buffer.from(sbomFor(manifest, await packagesOfProgram(), source)).toString()
    expect(sbom).toContain('pkg:npm/kysely@')
  })
})

if (!hasTool('dpkg-deb')) skipLoudly('the package for Debian', 'not on this machine: dpkg-deb')
else {
  test('two builds of the package for Debian are equal, and it keeps the settings of the operator', async () => {
    const [first, second] = await twice((into) =>
      buildDeb({ source, arch: 'arm64', executable, completions, folder: into }),
    )
    expect(digest(first)).toBe(digest(second))
    expect(runTool(['dpkg-deb', '--field', first, 'Package', 'Version', 'Architecture'])).toBe(
      `Package: berth\nVersion: ${version}\nArchitecture: arm64\n`,
    )
    const control = mkdtempSync(join(folder, 'control-'))
    runTool(['dpkg-deb', '--control', first, control])
    expect(readFileSync(join(control, 'conffiles'), 'utf8')).toBe('/etc/berth/berth.yml\n')
    const listed = runTool(['dpkg-deb', '--contents', first])
    expect(listed).toMatch(/-rwxr-xr-x root\/root .* \.\/usr\/bin\/berth\n/)
    expect(runTool(['dpkg-deb', '--fsys-tarfile', first])).toContain('ExecStart=/usr/bin/berth serve')
  }, 60_000)
}

if (!hasTool('rpmbuild')) skipLoudly('the package for Red Hat', 'not on this machine: rpmbuild')
else {
  test('two builds of the package for Red Hat are equal, and it keeps the settings of the operator', async () => {
    const [first, second] = await twice((into) =>
      buildRpm({ source, arch: 'amd64', executable, completions, folder: into }),
    )
    expect(digest(first)).toBe(digest(second))
    expect(runTool(['rpm', '-qp', '--qf', '%{NAME} %{VERSION} %{ARCH} %{LICENSE}', first])).toBe(
      `berth ${version} x86_64 Apache-2.0`,
    )
    expect(runTool(['rpm', '-qp', '--configfiles', first])).toBe('/etc/berth/berth.yml\n')
    expect(runTool(['rpm', '-qpl', first])).toContain('/usr/lib/systemd/system/berth.service\n')
  }, 60_000)
}

test('two builds of the chart are equal, and helm reads it', async () => {
  const [first, second] = await twice(async (into) => (await buildChart(source, into))[0]!)
  expect(digest(first)).toBe(digest(second))
  const helm = findClient('helm')
  if (helm === undefined) return console.error('helm is not on this machine: the chart was not read by it')
  expect(runTool([helm, 'show', 'chart', first])).toContain(`appVersion: ${version}`)
}, 60_000)

if (!hasTool('apt-get')) skipLoudly('the image', 'its base is made of packages that apt-get brings')
else {
  test('the image is equal in two builds, runs as nobody in particular, and holds neither a shell nor a document', async () => {
    const build = async () => {
      const layout = new Layout()
      const image = await addImage(layout, source, 'arm64', executable)
      return { layout, image }
    }
    const { layout, image } = await build()
    expect((await build()).image.manifest.digest).toBe(image.manifest.digest)
    const [{ Config, Layers }] = JSON.parse(String(dockerManifest(layout, image, 'berth:test').content))
    layout.name(image.manifest, 'berth:test')
    const file = join(folder, 'image.tar')
    await layout.write(file, source.epoch, [dockerManifest(layout, image, 'berth:test')])
    const tree = mkdtempSync(join(folder, 'image-'))
    runTool(['tar', '-xf', file, '-C', tree])
    const config = JSON.parse(readFileSync(join(tree, Config), 'utf8'))
    expect(config).toMatchObject({ architecture: 'arm64', config: { User: '10001:10001', Entrypoint: ['berth'] } })
    const files = Layers.map((layer: string) => runTool(['tar', '-tzf', join(tree, layer)])).join('')
    expect(files).toContain('lib/ld-linux-aarch64.so.1\n')
    expect(files).toContain('etc/ssl/certs/ca-certificates.crt\n')
    expect(files).toContain('var/lib/dpkg/status.d/libc6\n')
    expect(files).not.toMatch(/^(?:usr\/)?s?bin\//m)
    const skopeo = findClient('skopeo')
    if (skopeo !== undefined) {
      const inspected = JSON.parse(runTool([skopeo, 'inspect', `oci-archive:${file}`]))
      expect(inspected).toMatchObject({
        Architecture: 'arm64',
        Labels: { 'org.opencontainers.image.version': version },
      })
    }
  }, 120_000)
}
