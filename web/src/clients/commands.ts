import { authorityFile, isLoopback, quoted, reachOf, type Reach, type Registry } from './registry.ts'

/** Commands for clients. Names of programs and their flags are the same in every language. */

/** What must be there before a command works: a key of the texts below `clientCommands.needs`. */
export type Need = 'dockerPlainHttp' | 'dockerAuthority' | 'containerdLoopback' | 'authorityFile'

export interface ClientCommand {
  readonly client: string
  readonly command: string
  readonly need?: Need
}

export type Program = 'podman' | 'skopeo' | 'crane' | 'ctr' | 'helm' | 'oras'

/** What a program must be told when the registry has no TLS, or a certificate that its system does not trust. */
const flags: Readonly<Record<Program, Readonly<Record<Exclude<Reach, 'trusted'>, string>>>> = {
  podman: { plainHttp: '--tls-verify=false', privateAuthority: '--cert-dir .' },
  skopeo: { plainHttp: '--src-tls-verify=false', privateAuthority: '--src-cert-dir .' },
  crane: { plainHttp: '--insecure', privateAuthority: '' },
  ctr: { plainHttp: '--plain-http', privateAuthority: `--tlscacert ${authorityFile}` },
  helm: { plainHttp: '--plain-http', privateAuthority: `--ca-file ${authorityFile}` },
  oras: { plainHttp: '--plain-http', privateAuthority: `--ca-file ${authorityFile}` },
}

/** `' --plain-http'`: the flags with the space before them, or nothing. */
export function flagsFor(program: Program, registry: Registry): string {
  const reach = reachOf(registry)
  const flag = reach === 'trusted' ? '' : flags[program][reach]
  return flag === '' ? '' : ` ${flag}`
}

/** crane has no flag for an authority; Go reads it from the environment. */
const craneProgram = (registry: Registry): string =>
  reachOf(registry) === 'privateAuthority' ? `SSL_CERT_FILE=${authorityFile} crane` : 'crane'

export type LoginProgram = 'docker' | 'podman' | 'skopeo' | 'crane' | 'helm' | 'oras'

/** Asks for the password. crane asks for none: it takes it from its input. */
export function loginCommand(program: LoginProgram, registry: Registry): string {
  const { host } = registry
  const as = `-u ${quoted(registry.username)}`
  switch (program) {
    case 'docker':
      return `docker login ${host} ${as}`
    case 'podman':
    case 'skopeo':
      // `skopeo login` takes podman's flags, not those of `skopeo copy`.
      return `${program} login${flagsFor('podman', registry)} ${host} ${as}`
    case 'crane':
      return `${craneProgram(registry)} auth login${flagsFor('crane', registry)} ${host} ${as} --password-stdin`
    case 'helm':
      return `helm registry login${flagsFor('helm', registry)} ${host} ${as}`
    case 'oras':
      return `oras login${flagsFor('oras', registry)} ${host} ${as}`
  }
}

/** What is pulled. */
export interface Pulled {
  /** Harbor's word for the kind of the artifact: IMAGE, CHART. */
  readonly type: string
  /** With its project. */
  readonly repository: string
  /** A tag or a digest. */
  readonly reference: string
  /** Everybody may pull it, without an account. */
  readonly isPublic: boolean
}

/** `registry.example.com/library/app:v1`, or with a digest. */
export function imageName({ host }: Registry, { repository, reference }: Pulled): string {
  return `${host}/${repository}${reference.includes(':') ? '@' : ':'}${reference}`
}

export function pullCommands(registry: Registry, pulled: Pulled): readonly ClientCommand[] {
  if (pulled.type === 'CHART') return pullChart(registry, pulled)
  if (pulled.type !== 'IMAGE') return pullFiles(registry, pulled)
  const name = imageName(registry, pulled)
  const signIn = (program: LoginProgram) => (pulled.isPublic ? '' : `${loginCommand(program, registry)}\n`)
  const user = pulled.isPublic ? '' : ` --user ${quoted(registry.username)}`
  return [
    { client: 'docker', command: `${signIn('docker')}docker pull ${name}`, ...dockerNeeds(registry) },
    withNeed(registry, 'podman', `${signIn('podman')}podman pull${flagsFor('podman', registry)} ${name}`),
    pullByContainerd(registry, `${user} ${name}`),
    withNeed(
      registry,
      'skopeo',
      `${signIn('skopeo')}skopeo copy${flagsFor('skopeo', registry)} docker://${name} oci:${baseName(pulled)}`,
    ),
    withNeed(
      registry,
      'crane',
      `${signIn('crane')}${craneProgram(registry)} pull${flagsFor('crane', registry)} ${name} ${baseName(pulled)}.tar`,
    ),
  ]
}

/** On loopback ctr speaks plain HTTP whatever flags it is given; only a hosts.toml tells it otherwise. */
function pullByContainerd(registry: Registry, rest: string): ClientCommand {
  if (reachOf(registry) === 'plainHttp' || !isLoopback(registry.host))
    return withNeed(registry, 'containerd', `sudo ctr images pull${flagsFor('ctr', registry)}${rest}`)
  const command = `sudo ctr images pull --hosts-dir /etc/containerd/certs.d${rest}`
  return { client: 'containerd', command, need: 'containerdLoopback' }
}

function pullChart(registry: Registry, { repository, reference, isPublic }: Pulled): ClientCommand[] {
  const signIn = isPublic ? '' : `${loginCommand('helm', registry)}\n`
  const chart = `oci://${registry.host}/${repository}`
  // Helm writes the + of a version as _ in the tag, and takes a version, not a tag.
  const which = reference.includes(':') ? `${chart}@${reference}` : `${chart} --version ${reference.replace('_', '+')}`
  const options = flagsFor('helm', registry)
  return [
    withNeed(registry, 'helm', `${signIn}helm pull${options} ${which}`),
    withNeed(registry, 'helm install', `${signIn}helm install${options} my-release ${which}`),
  ]
}

function pullFiles(registry: Registry, pulled: Pulled): ClientCommand[] {
  const signIn = pulled.isPublic ? '' : `${loginCommand('oras', registry)}\n`
  // Into a folder of its own: oras replaces files of the same name.
  const command = `oras pull${flagsFor('oras', registry)} -o ${baseName(pulled)} ${imageName(registry, pulled)}`
  return [withNeed(registry, 'oras', signIn + command)]
}

/** The last part of the repository's name. */
const baseName = ({ repository }: Pulled): string => repository.slice(repository.lastIndexOf('/') + 1)

export function pushCommands(registry: Registry, project: string): readonly ClientCommand[] {
  const target = `${registry.host}/${project}`
  const image = (program: 'docker' | 'podman', options: string) =>
    [
      loginCommand(program, registry),
      `${program} tag my-image ${target}/my-image:v1`,
      `${program} push${options} ${target}/my-image:v1`,
    ].join('\n')
  const helm = `helm push${flagsFor('helm', registry)} my-chart-1.0.0.tgz oci://${target}`
  const oras = `oras push${flagsFor('oras', registry)} ${target}/my-file:v1 ./file.txt`
  return [
    { client: 'docker', command: image('docker', ''), ...dockerNeeds(registry) },
    withNeed(registry, 'podman', image('podman', flagsFor('podman', registry))),
    withNeed(registry, 'helm', `${loginCommand('helm', registry)}\n${helm}`),
    withNeed(registry, 'oras', `${loginCommand('oras', registry)}\n${oras}`),
  ]
}

function withNeed(registry: Registry, client: string, command: string): ClientCommand {
  return reachOf(registry) === 'privateAuthority' ? { client, command, need: 'authorityFile' } : { client, command }
}

/** Docker has no flags for this: its daemon is told once. */
function dockerNeeds(registry: Registry): { readonly need?: Need } {
  switch (reachOf(registry)) {
    case 'plainHttp':
      return isLoopback(registry.host) ? {} : { need: 'dockerPlainHttp' }
    case 'privateAuthority':
      return { need: 'dockerAuthority' }
    case 'trusted':
      return {}
  }
}
