import { composeOwnRouter } from '#server/compose/own-router.ts'
import { openTransfer } from '#server/compose/transfer.ts'
import type { Config } from '#server/config/config.ts'
import type { Door, SentFile } from './door.ts'

/**
 * The registry of this machine, through its own API and without a port: who may read the database and the store may do
 * everything, so nobody signs in. A server that runs beside sees each change with its next request.
 * @throws RegistryAbsent and what else keeps a registry from being opened
 */
export async function openLocalDoor(config: Config): Promise<Door> {
  await using owned = new AsyncDisposableStack()
  const services = owned.use(await openTransfer(config, { begin: false }))
  const { router } = await composeOwnRouter(config, services, (error) => console.error('berth:', error))
  const kept = owned.move()
  const origin = config.externalUrl ?? `http://${config.hostname ?? 'localhost'}:${config.http?.port ?? 8080}`
  return {
    name: 'this machine',
    isLocal: true,
    send: async ({ method, target, body, file, headers = {}, signal }) => {
      const url = new URL(`/api/v2.0${target}`, origin)
      const bytes = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body))
      const request = new Request(url, {
        method,
        headers: { ...headers, ...typeOf(bytes, file) },
        ...(signal === undefined ? {} : { signal }),
      })
      return await router({
        request,
        path: url.pathname.slice('/api/v2.0'.length),
        search: url.search,
        authentication: { actor: { kind: 'system', name: 'cli' }, authorizationSent: true, failedLogin: false },
        clientAddress: '',
        requestId: crypto.randomUUID(),
        body: () => file?.bytes ?? (bytes === undefined ? undefined : once(bytes)),
      })
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function typeOf(bytes: Uint8Array | undefined, file: SentFile | undefined): Record<string, string> {
  if (file !== undefined) return { 'content-type': 'application/octet-stream' }
  return bytes === undefined ? {} : { 'content-type': 'application/json' }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
