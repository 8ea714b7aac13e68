import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Registry } from './registry.ts'
import { clients, stepsFor } from './setup.ts'

const plainHttp: Registry = {
  host: 'registry.bank.example:8080',
  secure: false,
  privateCertificate: false,
  offersAuthority: false,
  username: 'ada',
}
const privateAuthority: Registry = { ...plainHttp, secure: true, privateCertificate: true, offersAuthority: true }
const trusted: Registry = { ...privateAuthority, privateCertificate: false }

const commandsOf = (client: (typeof clients)[number], registry: Registry, step: string) =>
  stepsFor(client, registry, 'library').find((each) => each.step === step)?.commands ?? ''

describe('the steps of the first push', () => {
  test('a trusted certificate needs no step before the first command', () => {
    for (const client of clients) expect(stepsFor(client, trusted, 'library')[0]?.step).toMatch(/signIn|push|secret/)
  })

  test('a certificate of a private authority is fetched, then trusted', () => {
    for (const client of clients)
      expect(
        stepsFor(client, privateAuthority, 'library')
          .slice(0, 2)
          .map(({ step }) => step),
      ).toEqual(['authority', 'trust'])
    expect(stepsFor('docker', { ...privateAuthority, offersAuthority: false }, 'library')[0]?.step).toBe('trust')
  })

  test('plain HTTP is allowed first, but for Docker on loopback', () => {
    for (const client of clients) expect(stepsFor(client, plainHttp, 'library')[0]?.step).toBe('plainHttp')
    expect(stepsFor('docker', { ...plainHttp, host: 'localhost:8080' }, 'library')[0]?.step).toBe('signIn')
  })

  test('the files of two registries have two names', () => {
    const other = { ...plainHttp, host: 'registry.bank.example:8081' }
    const fileOf = (registry: Registry) => /tee (\S+)/.exec(commandsOf('podman', registry, 'plainHttp'))?.[1]
    expect(fileOf(plainHttp)).not.toBe(fileOf(other))
  })
})

/** The commands run as they are shown, on files of a folder: `sudo` runs its arguments, `systemctl` says what it is told. */
describe('the commands of the first push keep what the reader has', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-setup-'))
    await mkdir(join(folder, 'bin'))
    await mkdir(join(folder, 'docker'))
    await writeFile(join(folder, 'bin', 'sudo'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
    await writeFile(join(folder, 'bin', 'systemctl'), `#!/bin/sh\necho "$@" >>${folder}/systemctl\n`, { mode: 0o755 })
  })
  afterAll(async () => await rm(folder, { recursive: true }))

  const run = (commands: string) =>
    Bun.spawnSync(['sh', '-c', commands.replaceAll('/etc/', `${folder}/`)], {
      env: { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` },
    })
  const daemon = () => join(folder, 'docker', 'daemon.json')
  const allow = () => commandsOf('docker', plainHttp, 'plainHttp')
  const hasJq = Bun.which('jq') !== null

  test.skipIf(!hasJq)('daemon.json gains the registry and keeps every other setting', async () => {
    const before = { 'data-root': '/srv/docker', 'insecure-registries': ['other:5000'], 'log-opts': { tag: 'a\\nb' } }
    await writeFile(daemon(), JSON.stringify(before))
    expect(run(allow()).exitCode).toBe(0)
    expect(run(allow()).exitCode).toBe(0)
    expect(JSON.parse(await readFile(daemon(), 'utf8'))).toEqual({
      ...before,
      'insecure-registries': ['other:5000', plainHttp.host],
    })
    expect(await readFile(join(folder, 'systemctl'), 'utf8')).toStartWith('reload docker')
  })

  test.skipIf(!hasJq)('daemon.json is made where there is none', async () => {
    await rm(daemon(), { force: true })
    expect(run(allow()).exitCode).toBe(0)
    expect(JSON.parse(await readFile(daemon(), 'utf8'))).toEqual({ 'insecure-registries': [plainHttp.host] })
  })

  test('a daemon.json that cannot be read stays as it is', async () => {
    await writeFile(daemon(), '{ "data-root": ')
    expect(run(allow()).exitCode).not.toBe(0)
    expect(await readFile(daemon(), 'utf8')).toBe('{ "data-root": ')
  })

  test('settings of containerd for this registry are kept beside the new ones', async () => {
    const hosts = join(folder, 'containerd', 'certs.d', plainHttp.host, 'hosts.toml')
    await mkdir(join(hosts, '..'), { recursive: true })
    await writeFile(hosts, 'server = "http://mirror"\n')
    expect(run(commandsOf('containerd', plainHttp, 'plainHttp')).exitCode).toBe(0)
    expect(await readFile(hosts, 'utf8')).toContain(`server = "http://${plainHttp.host}"`)
    expect(await readFile(`${hosts}.bak`, 'utf8')).toBe('server = "http://mirror"\n')
  })
})
