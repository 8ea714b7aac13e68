import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { tarForTest } from '#server/domain/scanning/detection/tar-for-test.ts'
import { adminToken, berth, serve } from '../../test/berth-process.ts'

setDefaultTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'berth-scan-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const write = (name: string, value: unknown) =>
  writeFileSync(at(name), typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value))
const run = (...args: readonly string[]) => berth(['scan', ...args], { cwd: folder })
const digestOf = (bytes: Uint8Array | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const installed = 'P:musl\nV:1.1.22-r3\nA:x86_64\no:musl\n\nP:zlib\nV:1.2.11-r1\nA:x86_64\no:zlib\n\n'
const release = 'ID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n'
const layer = tarForTest([
  { path: 'etc/os-release', content: release },
  { path: 'lib/apk/db/installed', content: installed },
])
const config = JSON.stringify({
  os: 'linux',
  architecture: 'amd64',
  rootfs: { type: 'layers', diff_ids: [digestOf(layer)] },
})
const osv = (id: string, name: string, fixed: string, severity: string) => ({
  id,
  modified: '2026-01-01T00:00:00Z',
  summary: `<b>${name}</b> & more`,
  details: 'It breaks.',
  database_specific: { severity },
  affected: [
    {
      package: { ecosystem: 'npm', name },
      ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, ...(fixed === '' ? [] : [{ fixed }])] }],
    },
  ],
})

beforeAll(() => {
  write('secdb-2026-01-01.json', {
    distroversion: 'v3.20',
    reponame: 'main',
    packages: [{ pkg: { name: 'musl', secfixes: { '1.1.22-r4': ['CVE-2020-28928'] } } }],
  })
  write('osv.json', [
    osv('GHSA-1111-2222-3333', 'lodash', '4.17.21', 'HIGH'),
    osv('GHSA-4444-5555-6666', 'left-pad', '', 'LOW'),
  ])
  write(
    'image.tar',
    tarForTest([
      { path: 'config.json', content: config },
      { path: 'layer.tar', content: layer },
      {
        path: 'manifest.json',
        content: JSON.stringify([{ Config: 'config.json', RepoTags: ['app:1'], Layers: ['layer.tar'] }]),
      },
    ]),
  )
  mkdirSync(at('tree'))
  write('tree/package-lock.json', {
    name: 'app',
    lockfileVersion: 3,
    packages: {
      '': { name: 'app' },
      'node_modules/lodash': { version: '4.17.20' },
      'node_modules/left-pad': { version: '1.3.0' },
    },
  })
})

const tree = (...args: readonly string[]) => run('tree', '--db', 'osv.json', ...args)
const idsIn = (stdout: string) => (JSON.parse(stdout) as { findings: { id: string }[] }).findings.map(({ id }) => id)

describe('exit codes', () => {
  test.each([
    ['findings without a limit', [], 0],
    ['a finding at the limit', ['--fail-on', 'high'], 1],
    ['a limit above all findings', ['--fail-on', 'critical'], 0],
    ['a limit that is no severity', ['--fail-on', 'huge'], 2],
    ['a form that there is not', ['--format', 'html'], 2],
    ['a file that is not there', ['--vex', 'nowhere.json'], 2],
    ['data that is too old', ['--max-data-age', '7d'], 4],
    ['data that is new enough', ['--max-data-age', '99999'], 0],
  ])('%s', async (_, args, code) => {
    expect((await tree(...args)).code).toBe(code)
  })

  test('a scan without data is an error that says how to get some', async () => {
    const { code, stdout, stderr } = await run('tree', '--data', at('nothing'))
    expect([code, stdout]).toEqual([4, ''])
    expect(stderr).toContain('db import')
  })

  test('a file that is no vulnerability data is no data', async () => {
    write('notes.json', { hello: 'world' })
    expect((await run('tree', '--db', 'notes.json')).code).toBe(4)
  })

  test('a system without data is not clean', async () => {
    const { code, stdout } = await run('image.tar', '--db', 'osv.json')
    expect(code).toBe(4)
    expect(stdout).toContain('no vulnerability data for alpine 3.20.1')
    expect(stdout).not.toMatch(/^no known vulnerabilities$/m)
    expect((await run('image.tar', '--db', 'osv.json', '--allow-gaps')).code).toBe(0)
  })

  test.each([
    [
      'a damaged archive',
      'damaged.tar',
      () => tarForTest([{ path: 'manifest.json', content: '[{"Config":"no.json"}]' }]),
    ],
    ['an archive without an image', 'other.tar', () => tarForTest([{ path: 'a', content: 'b' }])],
    ['a text', 'notes.txt', () => 'hello'],
  ])('%s could not be scanned', async (_, name, content) => {
    write(name, content())
    expect((await run(name, '--db', 'osv.json')).code).toBe(3)
  })

  test('a layer that is damaged is said, and not clean', async () => {
    write(
      'broken-layer.tar',
      tarForTest([
        { path: 'config.json', content: config },
        { path: 'layer.tar', content: gzipSync(layer).subarray(0, 60) },
        { path: 'manifest.json', content: JSON.stringify([{ Config: 'config.json', Layers: ['layer.tar'] }]) },
      ]),
    )
    const { code, stdout } = await run('broken-layer.tar', '--db', 'secdb-2026-01-01.json')
    expect(code).toBe(3)
    expect(stdout).toContain('could not be looked into')
  })

  test('a target that is nowhere is a wrong command line', async () => {
    expect((await run('nowhere.tar', '--db', 'osv.json')).code).toBe(2)
  })
})

describe('what is looked into', () => {
  const found = (target: string) => run(target, '--db', 'secdb-2026-01-01.json', '--format', 'json')

  test('an archive of docker save, packed or not', async () => {
    expect(idsIn((await found('image.tar')).stdout)).toEqual(['CVE-2020-28928'])
    write('image.tar.gz', gzipSync(await Bun.file(at('image.tar')).bytes()))
    expect(idsIn((await found('image.tar.gz')).stdout)).toEqual(['CVE-2020-28928'])
  })

  test('an OCI layout', async () => {
    mkdirSync(at('layout/blobs/sha256'), { recursive: true })
    const blob = (bytes: string | Uint8Array, mediaType: string) => {
      const digest = digestOf(bytes)
      write(`layout/blobs/sha256/${digest.slice(7)}`, bytes)
      return { mediaType, digest, size: bytes.length }
    }
    const manifest = JSON.stringify({
      schemaVersion: 2,
      config: blob(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [blob(layer, 'application/vnd.oci.image.layer.v1.tar')],
    })
    write('layout/oci-layout', { imageLayoutVersion: '1.0.0' })
    write('layout/index.json', {
      schemaVersion: 2,
      manifests: [blob(manifest, 'application/vnd.oci.image.manifest.v1+json')],
    })
    expect(idsIn((await found('layout')).stdout)).toEqual(['CVE-2020-28928'])
  })

  test('a root file system', async () => {
    mkdirSync(at('root/lib/apk/db'), { recursive: true })
    mkdirSync(at('root/etc'))
    write('root/lib/apk/db/installed', installed)
    write('root/etc/os-release', release)
    expect(idsIn((await found('root')).stdout)).toEqual(['CVE-2020-28928'])
  })

  test.each(['cyclonedx', 'spdx'])('a bill of materials that the command wrote itself: %s', async (format) => {
    write(`bom.${format}.json`, (await run('image.tar', '--db', 'secdb-2026-01-01.json', '--format', format)).stdout)
    expect(idsIn((await found(`bom.${format}.json`)).stdout)).toEqual(['CVE-2020-28928'])
  })

  test('an image in a registry', async () => {
    await using registry = await serve(['--data', at('registry'), '--outbound-allow-local'], { cwd: folder })
    const authorization = `Bearer ${await adminToken(registry.url, 'library/app')}`
    const put = async (path: string, body: string | Uint8Array, method: string, type: string) => {
      const answer = await fetch(`${registry.url}/v2/library/app${path}`, {
        method,
        body: body as BodyInit,
        headers: { authorization, 'content-type': type },
      })
      expect(answer.status).toBe(201)
    }
    const packed = gzipSync(layer)
    for (const bytes of [config, packed]) {
      await put(`/blobs/uploads/?digest=${digestOf(bytes)}`, bytes, 'POST', 'application/octet-stream')
    }
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [
        { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digestOf(packed), size: packed.length },
      ],
    })
    await put('/manifests/1.0', manifest, 'PUT', mediaType)
    const name = `${registry.url.replace('http://', '')}/library/app`
    const env = { BERTH_USERNAME: 'admin', BERTH_PASSWORD: 'Harbor12345' }
    const scan = (reference: string, options: object) =>
      berth(['scan', reference, '--db', 'secdb-2026-01-01.json', '--format', 'json'], { cwd: folder, ...options })
    const scanned = await scan(`${name}:1.0`, { env })
    expect(scanned.code).toBe(0)
    expect(idsIn(scanned.stdout)).toEqual(['CVE-2020-28928'])
    expect(JSON.parse(scanned.stdout)).toMatchObject({ target: { digest: digestOf(manifest) } })
    expect((await scan(`${name}:2.0`, { env })).code).toBe(3)
    const wrong = await scan(`${name}:1.0`, { env: { ...env, BERTH_PASSWORD: 'wrong' } })
    expect(wrong.code).toBe(3)
    expect(wrong.stderr).toContain('BERTH_USERNAME')
  })
})

test('a registry matches with its data and its allowlist', async () => {
  await using registry = await serve(['--data', at('server')], { cwd: folder })
  const env = { BERTH_USERNAME: 'admin', BERTH_PASSWORD: 'Harbor12345' }
  const scan = (...args: readonly string[]) =>
    berth(['scan', 'image.tar', '--server', registry.url, ...args], { cwd: folder, env })
  expect((await scan()).code).toBe(4)
  const imported = await berth(['db', 'import', 'secdb-2026-01-01.json', '--data', at('server')], { cwd: folder })
  expect([imported.code, imported.stderr]).toEqual([0, ''])
  const found = await scan('--format', 'json', '--fail-on', 'unknown')
  expect(found.code).toBe(1)
  expect(JSON.parse(found.stdout)).toMatchObject({
    data: { published: '2026-01-01T00:00:00.000Z', generation: 1 },
    findings: [{ id: 'CVE-2020-28928', package: { name: 'musl', version: '1.1.22-r3' }, fixVersion: '1.1.22-r4' }],
  })
  expect((await scan('--max-data-age', '1')).code).toBe(4)
  expect((await scan('--db', 'osv.json')).code).toBe(2)
  const basic = `Basic ${Buffer.from('admin:Harbor12345').toString('base64')}`
  const put = await fetch(`${registry.url}/api/v2.0/system/CVEAllowlist`, {
    method: 'PUT',
    headers: { authorization: basic, 'content-type': 'application/json' },
    body: JSON.stringify({ items: [{ cve_id: 'CVE-2020-28928' }] }),
  })
  expect(put.status).toBe(200)
  const accepted = await scan('--fail-on', 'unknown')
  expect(accepted.code).toBe(0)
  expect(accepted.stdout).toContain('allowlist of the registry')
  const tree = await berth(['scan', 'tree', '--server', registry.url], { cwd: folder, env })
  expect(tree.code).toBe(4)
  expect(tree.stdout).toContain('no vulnerability data for npm: 2 packages')
  const wrong = { ...env, BERTH_PASSWORD: 'wrong' }
  expect((await berth(['scan', 'tree', '--server', registry.url], { cwd: folder, env: wrong })).code).toBe(3)
  expect((await berth(['scan', 'tree', '--server', registry.url], { cwd: folder })).code).toBe(3)
})

describe('what counts', () => {
  test('findings that no version fixes are left out, and it is said how many', async () => {
    const { stdout, stderr } = await tree('--ignore-unfixed', '--format', 'json')
    expect(idsIn(stdout)).toEqual(['GHSA-1111-2222-3333'])
    expect(stderr).toContain('1 findings')
  })

  test('.trivyignore in this folder is read, and what it names stays visible', async () => {
    cpSync(at('tree'), at('ignoring/tree'), { recursive: true })
    write('ignoring/.trivyignore', '# not called\nGHSA-1111-2222-3333\n')
    const args = ['scan', 'tree', '--db', '../osv.json', '--fail-on', 'high']
    const { code, stdout } = await berth(args, { cwd: at('ignoring') })
    expect(code).toBe(0)
    expect(stdout).toMatch(/GHSA-1111-2222-3333 .*\.trivyignore .*not called/)
  })

  test('a VEX statement does the same', async () => {
    write('vex.json', {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      author: 'Ada',
      timestamp: '2026-01-01T00:00:00Z',
      statements: [
        {
          vulnerability: { name: 'GHSA-1111-2222-3333' },
          products: [{ '@id': 'pkg:npm/lodash' }],
          status: 'not_affected',
          justification: 'component_not_present',
        },
      ],
    })
    const { code, stdout } = await tree('--fail-on', 'high', '--vex', 'vex.json')
    expect(code).toBe(0)
    expect(stdout).toMatch(/GHSA-1111-2222-3333 .*not affected .*Ada .*component_not_present/)
  })
})

describe('forms', () => {
  const inForm = async (format: string) => (await tree('--format', format)).stdout

  test('Trivy', async () => {
    expect(JSON.parse(await inForm('trivy'))).toMatchObject({
      SchemaVersion: 2,
      ArtifactType: 'filesystem',
      Results: [
        {
          Target: 'package-lock.json',
          Class: 'lang-pkgs',
          Type: 'npm',
          Vulnerabilities: [
            { VulnerabilityID: 'GHSA-1111-2222-3333', PkgName: 'lodash', FixedVersion: '4.17.21', Severity: 'HIGH' },
            { VulnerabilityID: 'GHSA-4444-5555-6666', PkgName: 'left-pad', Severity: 'LOW' },
          ],
        },
      ],
    })
  })

  test('SARIF: each result points to its rule', async () => {
    const { runs } = JSON.parse(await inForm('sarif'))
    const [{ tool, results }] = runs
    expect(results).toHaveLength(2)
    for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex].id).toBe(ruleId)
  })

  test('JUnit: what a publisher wrote is text', async () => {
    const xml = await inForm('junit')
    expect(xml).toContain('<testsuite name="package-lock.json" tests="2" failures="2" errors="0" skipped="0"')
    expect(xml).toContain('message="&lt;b&gt;lodash&lt;/b&gt; &amp; more"')
  })

  test('CycloneDX: what is affected is a component of the document', async () => {
    const bom = JSON.parse(await inForm('cyclonedx'))
    const references = bom.components.map((each: { 'bom-ref': string }) => each['bom-ref'])
    expect(bom.vulnerabilities).toHaveLength(2)
    for (const { affects } of bom.vulnerabilities) expect(references).toContain(affects[0].ref)
  })

  test('SPDX and GitLab', async () => {
    expect(JSON.parse(await inForm('spdx')).spdxVersion).toBe('SPDX-2.3')
    expect(JSON.parse(await inForm('gitlab'))).toMatchObject({
      scan: { type: 'dependency_scanning', status: 'success' },
      vulnerabilities: [{ severity: 'High', location: { file: 'package-lock.json' } }, { severity: 'Low' }],
    })
  })

  test('a file gets the report, and the terminal the table', async () => {
    const { stdout } = await tree('--format', 'sarif', '--file', 'findings.sarif')
    expect(stdout).toContain('GHSA-1111-2222-3333')
    expect(stdout).not.toContain('runs')
    expect(JSON.parse(await Bun.file(at('findings.sarif')).text()).version).toBe('2.1.0')
  })
})
