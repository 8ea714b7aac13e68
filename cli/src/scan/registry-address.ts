import { readFileSync } from 'node:fs'
import { RegistryFailure } from '#server/clients/registry/registry-failure.ts'
import type { RegistryClient } from '#server/clients/registry/registry-client.ts'
import { openTypedRegistry } from '#server/compose/remote-registries.ts'
import { clientEnvironment } from '#server/config/client-environment.ts'
import type { Config } from '#server/config/config.ts'
import { ContextStore } from '../api/contexts.ts'
import { CommandError } from '../command-error.ts'
import type { ImageReference } from './image-reference.ts'

export interface TrustOptions {
  readonly ca: string | undefined
  readonly insecure: boolean
}

/** The registry that a reference on the command line names, with the login that is kept for it. */
export function openNamedRegistry(
  config: Config,
  reference: ImageReference,
  trust: TrustOptions,
): { readonly client: RegistryClient; readonly url: string } {
  const { url, credential, ca, insecure } = addressOf(reference, trust)
  const authority = ca === undefined ? undefined : readFileSync(ca, 'utf8')
  return { client: openTypedRegistry(config, { url, credential, insecure, authority }), url }
}

/** A login to this registry, and who the environment says signs in, unless it says so of another registry. */
function addressOf({ host, scheme }: ImageReference, { ca, insecure }: TrustOptions) {
  const env = clientEnvironment()
  const known = Object.values(new ContextStore(env.contextsFile).read().contexts).find(
    (context) => new URL(context.url).host === host,
  )
  const isLocal = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host)
  const origin = known !== undefined && scheme === undefined ? new URL(known.url).origin : undefined
  const url = origin ?? `${scheme ?? (isLocal ? 'http' : 'https')}://${host}`
  const isMeant = env.url === undefined || (URL.canParse(env.url) && new URL(env.url).host === host)
  const kept = known?.credential
  const credential =
    env.username !== undefined && env.password !== undefined && isMeant
      ? { accessKey: env.username, accessSecret: env.password }
      : kept?.kind === 'secret' && new URL(url).origin === new URL(known!.url).origin
        ? { accessKey: kept.username, accessSecret: kept.secret }
        : undefined
  return {
    url,
    credential,
    ca: ca ?? env.ca ?? known?.ca,
    insecure: insecure || env.insecure || known?.insecure === true,
  }
}

/** What another registry refused, with what to do about it. */
export function withAdvice(error: unknown, url: string): unknown {
  if (!(error instanceof RegistryFailure)) return error
  const next =
    error.code === 'UNAUTHORIZED' || error.code === 'DENIED'
      ? 'set BERTH_USERNAME and BERTH_PASSWORD; a robot with its secret is best'
      : `is the address right? An http:// in front of the name speaks without TLS: ${url.replace(/^https:/, 'http:')}/…`
  return new CommandError(error.message, { kind: 'incomplete', reason: error.code, next, cause: error })
}
