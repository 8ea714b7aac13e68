import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { berth as berthProcess, freePort, serve, type Finished, type Serving } from '../../test/berth-process.ts'
import { commandLine } from '../../test/command-line.ts'
import { Pki } from '../../test/pki.ts'

setDefaultTimeout(120_000)

let folder: string
let registry: Serving
let url: string
let ca: string
let contexts: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-login-'))
  const pki = new Pki(folder)
  const root = pki.root('House')
  const leaf = pki.leaf('registry', root, { names: 'DNS:localhost,IP:127.0.0.1' })
  ca = root.certificateFile
  const port = await freePort()
  url = `https://localhost:${port}`
  registry = await serve(
    [
      ...['--data', join(folder, 'data'), '--https-host', '127.0.0.1', '--https-port', String(port)],
      ...['--https-certificate', leaf.certificateFile, '--https-private-key', leaf.privateKeyFile],
      ...['--external-url', url],
    ],
    { cwd: folder },
  )
  contexts = join(folder, 'home', 'berth', 'contexts.json')
})
afterAll(async () => {
  await registry.stop()
  rmSync(folder, { recursive: true })
})

const login = (
  args: readonly string[],
  password: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> =>
  berthProcess(['login', ...args, '--password-stdin'], {
    stdin: `${password}\n`,
    cwd: folder,
    env: { BERTH_CONTEXTS: contexts, ...env },
  })
const berth = (...args: string[]): Promise<Finished> => commandLine(args, { BERTH_CONTEXTS: contexts })
const errorOf = ({ stderr }: Finished): Record<string, unknown> =>
  (JSON.parse(stderr) as { error: Record<string, unknown> }).error

test('a certificate of a private authority is not taken on trust, and the remedy is named', async () => {
  const { code, stderr } = await login([url, '-u', 'admin'], 'Harbor12345')
  expect([code, stderr]).toEqual([8, expect.stringContaining('--ca <file>')])
})

test('a wrong password is told apart from everything else, and nothing is kept', async () => {
  const said = await login([url, '-u', 'admin', '--ca', ca, '-o', 'json'], 'wrong')
  expect(said.code).toBe(7)
  expect(errorOf(said)).toEqual({
    kind: 'not-signed-in',
    exit_code: 7,
    message: 'the name or the password is wrong',
  })
  expect((await berth('context', 'list', '-o', 'json')).stdout).not.toContain(url)
})

test('a password is exchanged for a session, which lies in a file that only its owner reads', async () => {
  const said = await login([url, '-u', 'admin', '--ca', ca, '--name', 'prod'], 'Harbor12345')
  expect([said.code, said.stdout]).toEqual([0, expect.stringContaining('a session is kept')])
  const text = readFileSync(contexts, 'utf8')
  expect(text).not.toContain('Harbor12345')
  expect(text).not.toContain(Buffer.from('admin:Harbor12345').toString('base64'))
  expect([statSync(contexts).mode & 0o777, statSync(join(folder, 'home', 'berth')).mode & 0o777]).toEqual([
    0o600, 0o700,
  ])
  expect(JSON.parse((await berth('whoami', '-o', 'json')).stdout)).toEqual({
    registry: url,
    context: 'prod',
    username: 'admin',
    system_administrator: true,
  })
})

test('commands mean the registry of the last login, --context local and flags of this machine the one here', async () => {
  expect((await berth('project', 'create', 'backend')).stdout).toContain(`created private project backend at ${url}`)
  for (const flags of [
    ['--context', 'local'],
    ['--data', join(folder, 'data')],
  ]) {
    const { code, stdout, stderr } = await berth('project', 'list', '--data', join(folder, 'nowhere'), ...flags)
    expect(`${code}${stdout}${stderr}`).not.toContain(url)
  }
  const both = await berth('project', 'list', '--url', url, '--context', 'prod')
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('give one')])
  expect((await berth('context', 'use', 'local')).stdout).toContain('this machine')
  expect((await berth('whoami')).stdout).toContain('this machine')
  await berth('context', 'use', 'prod')
})

test('a project administrator does what their role lets them, and hears what it does not', async () => {
  const made = await berthProcess(['user', 'create', 'mei', '--email', 'mei@example.org', '--password-stdin'], {
    stdin: 'Another12345\n',
    cwd: folder,
    env: { BERTH_CONTEXTS: contexts },
  })
  expect([made.code, made.stderr]).toEqual([0, ''])
  await berth('project', 'member', 'add', 'backend', 'mei', 'project-admin')
  // For scripts: nothing is kept, and the environment comes before the login.
  const asMei = (...args: string[]) =>
    commandLine(args, {
      ...{ BERTH_CONTEXTS: contexts, BERTH_URL: url, BERTH_CA: ca },
      ...{ BERTH_USERNAME: 'mei', BERTH_PASSWORD: 'Another12345' },
    })
  expect((await asMei('whoami')).stdout).toMatch(/as +mei/)
  const lets = [
    ['project', 'member', 'list', 'backend'],
    ['trash', 'list', 'backend'],
    ['quota', 'show', 'backend'],
    ['robot', 'create', 'ci', '--project', 'backend', '--permission', 'repository:pull'],
    ['immutability', 'create', 'backend', '--tags', 'v*'],
    ['retention', 'show', 'backend'],
    ['audit', 'list', 'backend'],
    ['status'],
  ]
  for (const args of lets) {
    const { code, stderr } = await asMei(...args)
    expect([args.join(' '), code, stderr]).toEqual(
      args[0] === 'retention'
        ? ['retention show backend', 4, expect.stringContaining('no retention policy')]
        : [args.join(' '), 0, ''],
    )
  }
  const forbids = [
    ['user', 'list'],
    ['gc', 'run', '--dry-run'],
    ['quota', 'set', 'backend', '1GB'],
    ['settings', 'list'],
    ['job', 'list'],
    ['robot', 'create', 'all', '--in', '*', '--permission', 'repository:pull'],
    ['trash', 'empty', '--all', '--yes'],
  ]
  for (const args of forbids) {
    const said = await asMei(...args, '-o', 'json')
    expect([args.join(' '), said.code, errorOf(said)['kind']]).toEqual([args.join(' '), 6, 'refused'])
  }
  const wrong = await commandLine(['project', 'list', '-o', 'json'], {
    ...{ BERTH_CONTEXTS: contexts, BERTH_URL: url, BERTH_CA: ca, BERTH_USERNAME: 'mei', BERTH_PASSWORD: 'no' },
  })
  expect(wrong.code).toBe(7)
})

test('the secret of a robot is kept as it is', async () => {
  const { stdout } = await berth(
    'robot',
    'create',
    'cd',
    '--project',
    'backend',
    '--permission',
    'repository:list',
    '-o',
    'json',
  )
  const { name, secret } = JSON.parse(stdout) as { name: string; secret: string }
  const said = await login([url, '-u', name, '--ca', ca, '--name', 'robot'], secret)
  expect([said.code, said.stdout]).toEqual([0, expect.stringContaining('the secret is kept')])
  expect((await berth('repository', 'list', 'backend', '--context', 'robot')).code).toBe(0)
  expect((await berth('project', 'member', 'list', 'backend', '--context', 'robot')).code).toBe(6)
  expect((await login([url, '-u', name, '--ca', ca, '--name', 'robot'], 'wrong')).code).toBe(7)
  await berth('context', 'use', 'prod')
})

test('a certificate that nobody looks at is said aloud each time', async () => {
  const { code, stderr } = await berth('status', '--url', url, '--insecure')
  expect(stderr).toContain('INSECURE')
  expect(code).toBeLessThan(2)
})

test('addresses that cannot be meant are refused before anything is sent', async () => {
  const withPassword = await berth('status', '--url', 'https://admin:Harbor12345@localhost')
  expect([withPassword.code, withPassword.stderr]).toEqual([2, expect.stringContaining('login https://localhost')])
  expect((await berth('status', '--url', 'ftp://localhost')).code).toBe(2)
  expect((await berth('status', '--context', 'nobody')).code).toBe(4)
})

test('an address without TLS that leads to one with it is said', async () => {
  const { code, stderr } = await berth('status', '--url', registry.url)
  expect([code, stderr]).toEqual([8, expect.stringContaining(`--url ${url}`)])
})

test('a registry that is away is told apart, with what to look at next', async () => {
  const away = `http://127.0.0.1:${await freePort()}`
  const said = await berth('project', 'list', '--url', away, '-o', 'json')
  expect(said.code).toBe(8)
  expect(errorOf(said)).toMatchObject({
    kind: 'unreachable',
    next: expect.arrayContaining([expect.stringContaining(`doctor --url ${away}`)]),
  })
})

test('something else than a registry at an address is said to be that', async () => {
  using other = Bun.serve({ port: 0, fetch: () => new Response('<h1>welcome</h1>', { status: 404 }) })
  const { code, stderr } = await berth('project', 'list', '--url', `http://127.0.0.1:${other.port}`)
  expect([code, stderr]).toEqual([4, expect.stringContaining('not as Berth')])
})

test('logout ends the session there, so that what was copied of it opens nothing', async () => {
  const { contexts: kept } = JSON.parse(readFileSync(contexts, 'utf8')) as {
    contexts: Record<string, { credential: { session: string } }>
  }
  const { session } = kept['prod']!.credential
  const ask = () =>
    fetch(`${url}/api/v2.0/users/current`, {
      headers: { cookie: `sid=${session}` },
      tls: { ca: readFileSync(ca, 'utf8') },
    })
  expect((await ask()).status).toBe(200)
  expect((await berth('logout', 'prod')).code).toBe(0)
  expect((await ask()).status).toBe(401)
  expect(readFileSync(contexts, 'utf8')).not.toContain(session)
  expect((await berth('whoami')).stdout).toContain('this machine')
})

test('a login whose registry is away is forgotten all the same', async () => {
  expect((await login([url, '-u', 'admin', '--ca', ca, '--name', 'gone'], 'Harbor12345')).code).toBe(0)
  await registry.stop()
  const { code, stdout } = await berth('logout', 'gone')
  expect([code, stdout]).toEqual([0, expect.stringContaining('it ends by itself')])
})
