import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '#server/config/load-config.ts'
import { berth, freePort, serve } from '../../test/berth-process.ts'
import { Pki, type Issued } from '../../test/pki.ts'
import { parseCertificates } from './certificate-chain.ts'
import { checkClock, judgeSkew } from './check-clock.ts'
import { checkDisk } from './check-disk.ts'
import { diagnoseInstallation, diagnoseUrl, type DoctorOptions } from './diagnose.ts'
import type { Finding } from './finding.ts'

setDefaultTimeout(60_000) // each starts processes

let folder: string
let pki: Pki
let root: Issued
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-diagnose-'))
  pki = new Pki(folder)
  root = pki.root('Test Root')
})
afterAll(() => rmSync(folder, { recursive: true }))

const options = (extra: Partial<DoctorOptions> = {}): DoctorOptions => ({
  machine: { root: join(folder, 'machine') },
  now: () => Date.now(),
  ...extra,
})
const problemsOf = (findings: readonly Finding[]) => findings.filter(({ status }) => status === 'problem')
const about = (findings: readonly Finding[], subject: string) =>
  findings.filter((finding) => finding.subject.startsWith(subject))

async function diagnose(flags: Record<string, unknown>) {
  const given = { data_folder: join(folder, 'data'), 'http.host': '127.0.0.1', 'http.port': await freePort(), ...flags }
  return await diagnoseInstallation(() => loadConfig({ env: {}, flags: given }), options())
}

describe('a planned installation', () => {
  test('that can be started has no problem, and nothing was created', async () => {
    const findings = await diagnose({})
    expect(problemsOf(findings)).toEqual([])
    expect(about(findings, 'database')[0]!.summary).toContain('the first start creates it')
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })

  test('names every check that was not made, and why', async () => {
    const skipped = (findings: readonly Finding[]) =>
      findings.filter(({ status }) => status === 'skipped').map(({ subject }) => subject)
    expect(skipped(await diagnose({}))).toEqual(
      expect.arrayContaining(['bucket', 'clock of PostgreSQL', 'certificate']),
    )
    expect(skipped(await diagnose({ 'http.port': 0 }))).toEqual(
      expect.arrayContaining(['disk', 'database', 'uploads', 'password of admin', 'port', 'certificate']),
    )
  })

  test('with a wrong configuration: every mistake is a finding', async () => {
    const findings = await diagnose({ 'http.port': 0, read_only: 'perhaps' })
    expect(about(findings, 'configuration').map(({ status }) => status)).toEqual(['problem', 'problem'])
  })

  test('whose port another program holds: that is said', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    )
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const [finding] = about(await diagnose({ 'http.port': port }), `port ${port}`)
    expect(finding).toMatchObject({ status: 'problem', summary: 'is taken by another program' })
    server.close()
  })

  test('whose PostgreSQL does not answer: that is said, without the password', async () => {
    const findings = await diagnose({ 'database.url': `postgres://berth:hunter2@127.0.0.1:${await freePort()}/berth` })
    const [finding] = about(findings, 'database')
    expect(finding!.status).toBe('problem')
    expect(finding!.summary).toContain('ECONNREFUSED')
    expect(JSON.stringify(findings)).not.toContain('hunter2')
  })

  test('whose key belongs to another certificate: that is said', async () => {
    const one = pki.leaf('one', root, { names: 'DNS:registry.example' })
    const other = pki.leaf('other', root, { names: 'DNS:registry.example' })
    const findings = await diagnose({
      'https.certificate': one.certificateFile,
      'https.private_key': other.privateKeyFile,
      'https.host': '127.0.0.1',
      'https.port': await freePort(),
    })
    expect(about(findings, 'certificate')[0]!.summary).toContain('does not belong to the first certificate')
  })

  test('whose certificate lacks the name that clients use: that is said before the first client sees it', async () => {
    const leaf = pki.leaf('leaf', root, { names: 'DNS:other.example' })
    const findings = await diagnose({
      'https.certificate': leaf.certificateFile,
      'https.private_key': leaf.privateKeyFile,
      'https.host': '127.0.0.1',
      'https.port': await freePort(),
      hostname: 'registry.example',
    })
    expect(about(findings, 'name of')[0]!.summary).toContain(
      'x509: certificate is valid for other.example, not registry.example',
    )
  })

  test('without TLS on an address that others reach: what their clients will say is a warning', async () => {
    const findings = await diagnose({ 'http.host': '0.0.0.0', hostname: 'registry.example' })
    expect(about(findings, 'tls')[0]).toMatchObject({
      status: 'warning',
      summary: expect.stringContaining('http: server gave HTTP response to HTTPS client'),
    })
  })
})

describe('disks', () => {
  test('a folder on tmpfs is a warning: its contents do not last', async () => {
    if (!existsSync('/dev/shm')) return
    const findings = await checkDisk('/dev/shm/berth-doctor-test', 'bytes')
    expect(findings.some(({ status, summary }) => status === 'warning' && summary.includes('tmpfs'))).toBe(true)
  })

  test('a folder that cannot be written is a problem', async () => {
    const findings = await checkDisk('/proc/berth', 'bytes')
    expect(findings).toHaveLength(1)
    expect(findings[0]!.summary).toContain('cannot be written')
  })

  test('nothing is left behind', async () => {
    const clean = join(folder, 'clean')
    mkdirSync(clean)
    chmodSync(clean, 0o700)
    await checkDisk(clean, 'database')
    expect([...new Bun.Glob('**').scanSync({ cwd: clean, dot: true })]).toEqual([])
  })
})

test('clocks: a machine from before Berth, and another clock that differs by a minute, are problems', () => {
  expect(checkClock(Date.UTC(2000, 0, 1)).status).toBe('problem')
  expect(checkClock(Date.now()).status).toBe('good')
  expect(['good', 'warning', 'problem', 'problem']).toEqual(
    [1_000, -20_000, 120_000, -120_000].map((skew) => judgeSkew('x', 1e12 + skew, 1e12).status),
  )
})

describe('a running installation', () => {
  test('its port is served by Berth, its schema is known, and the exit code is 0', async () => {
    await using registry = await serve(['--data', join(folder, 'running')], { cwd: folder })
    const flags = ['--data', join(folder, 'running'), '--host', '127.0.0.1', '--port', String(registry.port)]
    const { code, stdout } = await berth(['doctor', ...flags, '--output', 'json'], { cwd: folder })
    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    expect(about(findings, 'port')[0]).toMatchObject({ status: 'good', summary: 'is served by Berth' })
    expect(about(findings, 'schema')[0]!.summary).toStartWith('is at ')
    expect(code).toBe(0)
    expect((await berth(['health', ...flags], { cwd: folder })).stdout).toBe('alive\n')
  })

  test('health fails where nobody answers', async () => {
    expect((await berth(['health', '--port', String(await freePort())], { cwd: folder })).code).toBe(1)
  })

  test('over TLS with a private authority: every client is told, and with the authority in place nothing is wrong', async () => {
    const leaf = pki.leaf('served', root, { names: 'DNS:localhost,IP:127.0.0.1' })
    const port = await freePort()
    await using _registry = await serve(
      [
        '--data',
        join(folder, 'tls'),
        '--https-host',
        '127.0.0.1',
        '--https-port',
        String(port),
        '--https-certificate',
        leaf.certificateFile,
        '--https-private-key',
        leaf.privateKeyFile,
      ],
      { cwd: folder, healthUrl: `https://127.0.0.1:${port}/health` },
    )
    const url = new URL(`https://127.0.0.1:${port}`)
    const machine = join(folder, 'client')
    mkdirSync(join(machine, 'etc/docker'), { recursive: true })
    const before = await diagnoseUrl(url, options({ machine: { root: machine } }))
    expect(about(before, 'docker')[0]!.summary).toContain('x509: certificate signed by unknown authority')
    mkdirSync(join(machine, 'etc/docker/certs.d', url.host), { recursive: true })
    writeFileSync(join(machine, 'etc/docker/certs.d', url.host, 'ca.crt'), root.certificate)
    const after = await diagnoseUrl(url, options({ machine: { root: machine } }))
    expect(about(after, 'docker')[0]!.status).toBe('good')
    expect(about(after, 'registry at')[0]!.status).toBe('good')
    const plain = await diagnoseUrl(new URL(`http://127.0.0.1:${port}`), options())
    expect(about(plain, 'registry at')[0]).toMatchObject({
      status: 'problem',
      summary: expect.stringContaining('speaks TLS there'),
      remedy: expect.arrayContaining([`berth doctor --url https://127.0.0.1:${port}`]),
    })
    expect(parseCertificates(root.certificate)).toHaveLength(1)
  })

  test('HTTPS asked of a plain port: http: server gave HTTP response to HTTPS client', async () => {
    await using registry = await serve(['--data', join(folder, 'plain')], { cwd: folder })
    const findings = await diagnoseUrl(new URL(registry.url.replace('http:', 'https:')), options())
    expect(findings[0]!.summary).toContain('http: server gave HTTP response to HTTPS client')
  })

  test('nobody there, asked in plain HTTP: that is said in words, with a next step', async () => {
    const [found] = await diagnoseUrl(new URL(`http://127.0.0.1:${await freePort()}`), options())
    expect(found!.status).toBe('problem')
    expect(found!.summary).toContain('nothing listens there')
    expect(found!.remedy!.length).toBeGreaterThan(0)
  })

  test('nobody there: that is said', async () => {
    const findings = await diagnoseUrl(new URL(`https://127.0.0.1:${await freePort()}`), options())
    expect(findings[0]).toMatchObject({ status: 'problem', summary: 'nothing listens there' })
  })
})

test('whether NTP keeps the clock is said, also when nobody knows', () => {
  const said = (kept: string | undefined) => checkClock(Date.now(), () => kept).summary
  expect(said('yes')).toContain('kept by NTP')
  expect(said('no')).toContain('timedatectl set-ntp true')
  expect(said(undefined)).toContain('nobody says')
})

test('a configuration that lies elsewhere than where doctor looks is named', async () => {
  const here = process.cwd()
  const place = mkdtempSync(join(folder, 'cwd-'))
  writeFileSync(join(place, 'berth.yaml'), 'read_only: true\n')
  process.chdir(place)
  try {
    const [finding] = about(await diagnose({}), 'configuration')
    expect(finding).toMatchObject({ status: 'warning', remedy: ['berth doctor --config berth.yaml'] })
  } finally {
    process.chdir(here)
  }
})
