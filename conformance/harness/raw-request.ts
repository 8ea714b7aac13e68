import { connect } from 'node:net'
import type { RegistryUnderTest } from './registry.ts'

/**
 * Sends bytes as they are over a connection of their own (plain HTTP) and gives the status that comes back: for
 * requests that no HTTP library would write.
 */
export async function sendRaw(registry: RegistryUnderTest, text: string): Promise<number> {
  const { hostname, port } = new URL(registry.url)
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text))
    let received = ''
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${JSON.stringify(text.slice(0, 200))}`)))
    socket.on('error', reject)
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1]
      if (status === undefined) return
      resolve(Number(status))
      socket.destroy()
    })
    socket.on('close', () => reject(new Error(`closed without an answer to ${JSON.stringify(text.slice(0, 200))}`)))
  })
}
