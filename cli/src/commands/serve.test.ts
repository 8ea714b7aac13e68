import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { adminToken, berth, freePort, serve } from '../../test/berth-process.ts'

setDefaultTimeout(60_000) // each starts processes

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'berth-serve-'))))
afterAll(() => rmSync(folder, { recursive: true }))

async function pushBlob(url: string, bytes: string, headers: Record<string, string> = {}): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const answer = await fetch(`${url}/v2/library/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers,
    body: bytes,
  })
  expect(answer.status).toBe(201)
  return digest
}

test('serves in an empty folder, says what to type next with the real port, and warns of the default password', async () => {
  await using registry = await serve([], { cwd: folder })
  // It answers before it has said everything, on two streams.
  const saysAll = () => ['docker pull', 'STANDS'].every((words) => registry.output().includes(words))
  while (!saysAll()) await Bun.sleep(10)
  const output = registry.output()
  expect(output).toContain(`docker login 127.0.0.1:${registry.port} -u admin`)
  expect(output).toContain(`docker push 127.0.0.1:${registry.port}/library/hello:v1`)
  expect(output).toContain('THE DEFAULT PASSWORD STANDS')
})

test('SIGTERM ends it with 0, and another start continues with the same data', async () => {
  const data = ['--data', join(folder, 'kept')]
  const first = await serve(data, { cwd: folder })
  const headers = { authorization: `Bearer ${await adminToken(first.url, 'library/app')}` }
  const digest = await pushBlob(first.url, 'kept', headers)
  expect(await first.stop()).toBe(0)

  await using second = await serve(data, { cwd: folder })
  const again = { authorization: `Bearer ${await adminToken(second.url, 'library/app')}` }
  const answer = await fetch(`${second.url}/v2/library/app/blobs/${digest}`, { headers: again })
  expect(await answer.text()).toBe('kept')
})

test('a request under way when SIGTERM comes is answered', async () => {
  const registry = await serve(['--data', join(folder, 'drained')], { cwd: folder })
  const headers = { authorization: `Bearer ${await adminToken(registry.url, 'library/app')}` }
  const bytes = 'drained'
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode(bytes.slice(0, 3)))
      await Bun.sleep(1_000)
      controller.enqueue(new TextEncoder().encode(bytes.slice(3)))
      controller.close()
    },
  })
  const upload = fetch(`${registry.url}/v2/library/app/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    headers,
    body,
  })
  await Bun.sleep(300)
  const ended = registry.stop()
  expect((await upload).status).toBe(201)
  expect(await ended).toBe(0)
})

test('--open needs no account and warns', async () => {
  await using registry = await serve(['--open', '--data', join(folder, 'open')], { cwd: folder })
  await pushBlob(registry.url, 'open')
  await registry.says('no accounts')
  expect(registry.output()).not.toContain('docker login')
})

test('--open on an address that others reach is refused', async () => {
  const { code, stderr } = await berth(['serve', '--open', '--host', '0.0.0.0', '--data', join(folder, 'refused')], {
    cwd: folder,
  })
  expect(code).toBe(78)
  expect(stderr).toContain('force_open')
})

test('a port that is taken is said in a sentence, with what to do', async () => {
  await using registry = await serve(['--data', join(folder, 'taken')], { cwd: folder })
  const second = await berth(
    ['serve', '--host', '127.0.0.1', '--port', String(registry.port), '--data', join(folder, 'other')],
    { cwd: folder },
  )
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`a port is taken (${registry.port})`)
  expect(second.stderr).toContain('--port')
  expect(second.stderr).not.toMatch(/^\s+at /m)
})

test('a port of HTTPS that is taken is answered with its own flag', async () => {
  await using registry = await serve(['--data', join(folder, 'taken-https')], { cwd: folder })
  const files = [join(folder, 'taken.crt'), join(folder, 'taken.key')] as const
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-keyout', files[1], '-out', files[0]],
  ])
  const second = await berth(
    [
      ...['serve', '--host', '127.0.0.1', '--port', String(await freePort()), '--https-host', '127.0.0.1'],
      ...['--https-port', String(registry.port), '--https-certificate', files[0], '--https-private-key', files[1]],
      ...['--data', join(folder, 'other-https')],
    ],
    { cwd: folder },
  )
  expect(second.code).toBe(1)
  expect(second.stderr).toContain(`a port is taken (${registry.port})`)
  expect(second.stderr).toContain(`--https-port ${registry.port + 1}`)
})

const unusable: [string, string[], string[]][] = [
  ['an address that this machine does not have', ['--host', '192.0.2.1'], ['192.0.2.1', 'ip addr']],
  ['a folder that is a file', ['--data', '/dev/null'], ['/dev/null', 'doctor']],
  [
    'a certificate that is not there',
    ['--https-certificate', 'no.pem', '--https-private-key', 'no.key'],
    ['no.pem', 'docs tls'],
  ],
]

test.each(unusable)('%s is said in a sentence with two steps', async (_, flags, words) => {
  const data = mkdtempSync(join(folder, 'unusable-'))
  const { code, stderr } = await berth(['serve', '--port', String(await freePort()), '--data', data, ...flags], {
    cwd: folder,
    env: { BERTH_WORKERS: '1' },
  })
  expect(code).toBe(1)
  const said = stderr.slice(stderr.indexOf('berth: '))
  expect(said).not.toMatch(/^berth: \w*Error|Unavailable:/)
  for (const word of words) expect(said).toContain(word)
  expect(
    said
      .trimEnd()
      .split('\n')
      .filter((line) => line.startsWith('  ')),
  ).toHaveLength(2)
})

test.each(['1', '2'])(
  'where the log is JSON, so is what keeps the registry from starting, with %s workers',
  async (workers) => {
    const { code, stderr } = await berth(
      [
        'serve',
        '--log-format',
        'json',
        '--port',
        String(await freePort()),
        '--host',
        '192.0.2.1',
        '--data',
        join(folder, 'early'),
      ],
      { cwd: folder, env: { BERTH_WORKERS: workers } },
    )
    expect(code).toBe(1)
    const lines = stderr
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.find(({ level }) => level === 'fatal')).toMatchObject({
      message: expect.stringContaining('192.0.2.1'),
      next: [expect.any(String), expect.any(String)],
    })
  },
)

test('a configuration that cannot be used is explained line by line, with exit code 78', async () => {
  writeFileSync(join(folder, 'wrong.yml'), 'http:\n  port: 99999\nno_such_setting: 1\n')
  const { code, stderr } = await berth(['serve', '--config', 'wrong.yml'], { cwd: folder })
  expect(code).toBe(78)
  expect(stderr).toContain('http.port')
  expect(stderr).toContain('no_such_setting')
})

test('with --log-format json there is nothing on the streams but JSON', async () => {
  const registry = await serve(['--log-format', 'json', '--data', join(folder, 'json')], { cwd: folder })
  expect(await registry.stop()).toBe(0)
  const lines = registry.output().split('\n').filter(Boolean)
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty('message')
})

test('failed logins are in the log by name and address, and so is the brake', async () => {
  await using registry = await serve(['--data', join(folder, 'logins')], { cwd: folder })
  const headers = { authorization: `Basic ${Buffer.from('mallory:guess').toString('base64')}` }
  let status = 401
  while (status === 401)
    ({ status } = await fetch(`${registry.url}/service/token?service=harbor-registry`, { headers }))
  expect(status).toBe(429)
  await registry.says('login refused by the brake')
  const lines = registry
    .output()
    .split('\n')
    .filter((line) => line.includes('"mallory"') && line.includes('login'))
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: 'warn',
    message: 'login failed',
    username: 'mallory',
    client: '127.0.0.1',
  })
  expect(JSON.parse(lines.at(-1)!)).toMatchObject({
    level: 'warn',
    message: 'login refused by the brake',
    username: 'mallory',
  })
})

test('an unknown command or flag is exit code 2 and names the help', async () => {
  for (const args of [['swim'], ['serve', '--no-such-flag']]) {
    const { code, stderr } = await berth(args, { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toContain('--help')
  }
})

test('config show says where a setting comes from, and hides secrets', async () => {
  const env = { BERTH_ADMIN_PASSWORD: 'hunter2', BERTH_DATABASE_URL: 'postgres://berth:hunter2@db/berth' }
  const { code, stdout } = await berth(['config', 'show', '--port', '1234', '--output', 'json'], { cwd: folder, env })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({
    set: { 'http.port': '--http-port', admin_password: 'BERTH_ADMIN_PASSWORD' },
    config: { http: { port: 1234 } },
  })
  expect(stdout).not.toContain('hunter2')
})
