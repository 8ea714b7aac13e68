import { describe, expect, test } from 'bun:test'
import { flagsFor, imageName, loginCommand, pullCommands, pushCommands, type Program } from './commands.ts'
import { isLoopback, quoted, reachOf, type Registry } from './registry.ts'

const trusted: Registry = {
  host: 'registry.bank.example:8443',
  secure: true,
  privateCertificate: false,
  offersAuthority: false,
  username: 'ada',
}
const plainHttp: Registry = { ...trusted, secure: false }
const privateAuthority: Registry = { ...trusted, privateCertificate: true, offersAuthority: true }
const image = { type: 'IMAGE', repository: 'team/tools/app', reference: 'v1', isPublic: true }
const digest = `sha256:${'0a'.repeat(32)}`

const commandOf = (registry: Registry, client: string, pulled = image) =>
  pullCommands(registry, pulled).find((each) => each.client === client)

describe('commands for clients', () => {
  test('a registry with a certificate that systems trust needs no flag', () => {
    const programs: readonly Program[] = ['podman', 'skopeo', 'crane', 'ctr', 'helm', 'oras']
    expect(programs.map((program) => flagsFor(program, trusted))).toEqual(programs.map(() => ''))
    expect([...pullCommands(trusted, image), ...pushCommands(trusted, 'team')].filter(({ need }) => need)).toEqual([])
  })

  test('every client is told of plain HTTP in its own words', () => {
    const name = 'registry.bank.example:8443/team/tools/app:v1'
    expect(pullCommands(plainHttp, image).map(({ command }) => command)).toEqual([
      `docker pull ${name}`,
      `podman pull --tls-verify=false ${name}`,
      `sudo ctr images pull --plain-http ${name}`,
      `skopeo copy --src-tls-verify=false docker://${name} oci:app`,
      `crane pull --insecure ${name} app.tar`,
    ])
  })

  test('every client is told of the authority, and the reader where its file comes from', () => {
    const commands = pullCommands(privateAuthority, image)
    expect(commands.map(({ command }) => command.split(' registry.')[0]!.split(' docker://')[0])).toEqual([
      'docker pull',
      'podman pull --cert-dir .',
      'sudo ctr images pull --tlscacert berth-ca.crt',
      'skopeo copy --src-cert-dir .',
      'SSL_CERT_FILE=berth-ca.crt crane pull',
    ])
    const needs = commands.map(({ need }) => need)
    expect(needs).toEqual(['dockerAuthority', 'authorityFile', 'authorityFile', 'authorityFile', 'authorityFile'])
  })

  test('containerd is told of TLS on loopback by its settings: its flags change nothing there', () => {
    const command = commandOf({ ...privateAuthority, host: 'localhost:8443' }, 'containerd')
    expect(command).toEqual({
      client: 'containerd',
      command: 'sudo ctr images pull --hosts-dir /etc/containerd/certs.d localhost:8443/team/tools/app:v1',
      need: 'containerdLoopback',
    })
  })

  test('Docker is told once by its daemon, and needs nothing for plain HTTP on loopback', () => {
    expect(commandOf(plainHttp, 'docker')?.need).toBe('dockerPlainHttp')
    expect(commandOf({ ...plainHttp, host: 'localhost:8080' }, 'docker')?.need).toBeUndefined()
  })

  test('a private project is signed in to first; containerd is given the account with the command', () => {
    const pulled = { ...image, isPublic: false }
    expect(commandOf(plainHttp, 'podman', pulled)?.command).toStartWith(
      'podman login --tls-verify=false registry.bank.example:8443 -u ada\npodman pull',
    )
    expect(commandOf(plainHttp, 'skopeo', pulled)?.command).toStartWith('skopeo login --tls-verify=false ')
    expect(commandOf(plainHttp, 'containerd', pulled)?.command).toContain(' --plain-http --user ada ')
    for (const { command } of pullCommands(plainHttp, image)) expect(command).not.toContain('login')
  })

  test('a digest stands behind @', () => {
    expect(imageName(trusted, { ...image, reference: digest })).toBe(
      `registry.bank.example:8443/team/tools/app@${digest}`,
    )
  })

  test('a chart is pulled by Helm with the version that its tag stands for', () => {
    const chart = { ...image, type: 'CHART', reference: '1.2.3_build.1' }
    expect(commandOf(plainHttp, 'helm', chart)?.command).toBe(
      'helm pull --plain-http oci://registry.bank.example:8443/team/tools/app --version 1.2.3+build.1',
    )
    expect(commandOf(privateAuthority, 'helm install', chart)?.command).toContain(
      '--ca-file berth-ca.crt my-release oci://',
    )
    expect(commandOf(trusted, 'helm', { ...chart, reference: digest })?.command).toEndWith(`app@${digest}`)
  })

  test('files are pulled by oras into a folder of their own, which replaces none of the reader', () => {
    expect(pullCommands(plainHttp, { ...image, type: 'MODEL' })).toEqual([
      { client: 'oras', command: 'oras pull --plain-http -o app registry.bank.example:8443/team/tools/app:v1' },
    ])
  })

  test('every command of a push carries the flags, its sign-in too', () => {
    const commands = new Map(pushCommands(plainHttp, 'team').map(({ client, command }) => [client, command]))
    expect(commands.get('podman')?.match(/--tls-verify=false/g)).toHaveLength(2)
    expect(commands.get('helm')?.match(/--plain-http/g)).toHaveLength(2)
    expect(commands.get('oras')?.match(/--plain-http/g)).toHaveLength(2)
  })

  test('the name of a robot is quoted for the shell', () => {
    expect(loginCommand('docker', { ...trusted, username: 'robot$ci' })).toEndWith(" -u 'robot$ci'")
    expect(quoted("o'brien")).toBe(`'o'\\''brien'`)
  })

  test('loopback is what only this machine reaches', () => {
    expect(['localhost', 'localhost:8080', '127.0.0.1:5000', '[::1]:80'].filter((host) => !isLoopback(host))).toEqual(
      [],
    )
    expect(['localhost.example.com', '127.example.com', '10.0.0.1', 'registry'].filter(isLoopback)).toEqual([])
    expect([trusted, plainHttp, privateAuthority].map(reachOf)).toEqual(['trusted', 'plainHttp', 'privateAuthority'])
  })
})
