import type { Command } from 'commander'
import { resolve } from 'node:path'
import { clientEnvironment, type ClientEnvironment } from '#server/config/client-environment.ts'
import { rememberFlags } from '../as-typed.ts'
import { CommandError } from '../command-error.ts'
import { hasSettingFlags, loadConfigFor } from '../setting-flags.ts'
import { ContextStore, type Context, type Credential } from './contexts.ts'
import type { RemoteAddress } from './remote-door.ts'
import { RegistryApi } from './registry-api.ts'
import { findOwnUser } from './who-is.ts'

/** Which registry a command line means. */
export type Target = { readonly kind: 'local' } | RemoteTarget

export interface RemoteTarget {
  readonly kind: 'remote'
  readonly address: RemoteAddress
  readonly credential: Credential | undefined
  /** The context that says so. */
  readonly context: string | undefined
  /** No flag of this command line says so: the environment, or the last login. */
  readonly implied: boolean
}

interface Flags extends TrustFlags {
  readonly url?: string
  readonly context?: string
}

/** What a command line says about the certificate of an address. */
interface TrustFlags {
  readonly ca?: string
  readonly insecure?: true
}

/** The name of a context that means this machine. */
export const localContext = 'local'

export function addRegistryFlags(command: Command): Command {
  return command
    .option('--url <url>', 'the registry at this address, instead of the one of this machine')
    .option('--context <name>', `a registry that you have signed in to (berth login), or ${localContext}: this machine`)
    .option('--ca <file>', 'PEM file of the authority that signed the certificate of --url')
    .option('--insecure', 'take any certificate of --url')
}

/**
 * Flags come first: an address or a context, or what names a registry of this machine (--data, --config, a setting). Then
 * BERTH_URL and BERTH_CONTEXT, then the context in use, then this machine.
 */
export function chooseTarget(command: Command, env: ClientEnvironment = clientEnvironment()): Target {
  const flags = command.opts<Flags>()
  const store = new ContextStore(env.contextsFile)
  if (flags.url !== undefined && flags.context !== undefined)
    throw new CommandError('--url and --context both name a registry: give one', { kind: 'usage' })
  if (flags.url !== undefined) return byUrl(flags.url, { flags, store, env, implied: false })
  if (flags.context !== undefined) return byContext(flags.context, { flags, store, env, implied: false })
  if (hasSettingFlags(command)) return { kind: 'local' }
  if (env.url !== undefined) return byUrl(env.url, { flags, store, env, implied: true })
  const current = env.context ?? store.read().current
  return current === undefined ? { kind: 'local' } : byContext(current, { flags, store, env, implied: true })
}

interface Choice {
  readonly flags: Flags
  readonly store: ContextStore
  readonly env: ClientEnvironment
  readonly implied: boolean
}

function byUrl(text: string, { flags, store, env, implied }: Choice): RemoteTarget {
  const url = parseRegistryUrl(text)
  const known = Object.entries(store.read().contexts).find(([, context]) => context.url === url)
  const address = addressOf({ url, ...known?.[1] }, flags, env)
  // What the environment says is for this command line; a login was for all.
  const credential = credentialOf(env) ?? known?.[1].credential
  return { kind: 'remote', address, credential, context: known?.[0], implied }
}

function byContext(name: string, { flags, store, env, implied }: Choice): Target {
  if (name === localContext) return { kind: 'local' }
  const context = store.get(name)
  const credential = credentialOf(env) ?? context.credential
  return { kind: 'remote', address: addressOf(context, flags, env), credential, context: name, implied }
}

/** Flags come first, then the environment, then the login. */
export function addressOf({ url, ca, insecure }: Context, flags: TrustFlags, env: ClientEnvironment): RemoteAddress {
  const authority = flags.ca ?? env.ca ?? ca
  return {
    url,
    ca: authority === undefined ? undefined : resolve(authority),
    insecure: flags.insecure === true || env.insecure || insecure === true,
  }
}

function credentialOf({ username, password }: ClientEnvironment): Credential | undefined {
  if (username === undefined || password === undefined) return undefined
  return { kind: 'secret', username, secret: password }
}

/** An origin. @throws CommandError for what is none, and for one with a password in it */
export function parseRegistryUrl(text: string): string {
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`
  const example = 'for example: https://registry.example.com'
  if (!URL.canParse(written)) throw new CommandError(`"${text}" is no URL`, { next: example, kind: 'usage' })
  const url = new URL(written)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new CommandError(`${url.protocol}// is not spoken`, { next: example, kind: 'usage' })
  if (url.username !== '' || url.password !== '')
    throw new CommandError('an address with a password in it stands in the history of the shell, and in ps', {
      next: `berth login ${url.origin} asks for it, or takes it from --password-stdin`,
      kind: 'usage',
    })
  return url.origin
}

/** The registry at an address that a command line names beside others, with the login that is kept for it. */
export async function openRegistryAt(
  url: string,
  flags: TrustFlags,
  env: ClientEnvironment = clientEnvironment(),
): Promise<RegistryApi> {
  const target = byUrl(url, { flags, store: new ContextStore(env.contextsFile), env, implied: false })
  return await openTarget(target)
}

/** Opens what the command line means, and says aloud what a reader could not know. */
export async function openRegistry(command: Command): Promise<RegistryApi> {
  const target = chooseTarget(command)
  if (target.kind === 'local') {
    const { config } = loadConfigFor(command)
    const { openLocalDoor } = await import('./local-door.ts')
    return new RegistryApi(await openLocalDoor(config))
  }
  rememberFlags({ locatingFlags: flagsThatMean(target) })
  return await openTarget(target)
}

async function openTarget(target: RemoteTarget): Promise<RegistryApi> {
  sayWhere(target)
  const { RemoteDoor } = await import('./remote-door.ts')
  const api = new RegistryApi(new RemoteDoor(target.address, target.credential))
  // A wrong or ended login sees what everyone sees, which looks like an answer.
  if (target.credential !== undefined) await assertSignedIn(api)
  return api
}

async function assertSignedIn(api: RegistryApi): Promise<void> {
  try {
    await findOwnUser(api)
  } catch (error) {
    await api[Symbol.asyncDispose]()
    throw error
  }
}

/** What another command needs to mean the same registry; nothing where it is meant anyway. */
function flagsThatMean({ address, context, implied }: RemoteTarget): string[] {
  if (implied) return []
  if (context !== undefined) return ['--context', context]
  return [
    ...['--url', address.url],
    ...(address.ca === undefined ? [] : ['--ca', address.ca]),
    ...(address.insecure ? ['--insecure'] : []),
  ]
}

export function sayWhere({ address, context, implied }: RemoteTarget): void {
  if (address.insecure && address.url.startsWith('https:'))
    console.error(
      `berth: INSECURE: the certificate of ${address.url} is not looked at; whoever is in between reads along`,
    )
  if (implied && process.stderr.isTTY === true)
    console.error(`berth: at ${address.url}${context === undefined ? '' : ` (context ${context})`}`)
}
