import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface SyslogAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority?: string | undefined
  /** Of the guard on addresses. */
  readonly lookup?: LookupFunction
}

/** It did not come to a connection, or it broke. */
export class SyslogFailure extends Error {
  override readonly name = 'SyslogFailure'
}

const connectMs = 5_000
const writeMs = 30_000

/** `host:port`, or `tcp://host:port` and `tls://host:port`; undefined for anything else. */
export function parseSyslogAddress(text: string): Pick<SyslogAddress, 'host' | 'port' | 'tls'> | undefined {
  const given = /^[a-z]+:\/\//i.test(text) ? text : `tcp://${text}`
  if (!URL.canParse(given)) return undefined
  const { protocol, hostname, port, pathname, search, hash, username } = new URL(given)
  const isBare = (pathname === '' || pathname === '/') && `${search}${hash}${username}` === ''
  if (!isBare || hostname === '' || port === '' || (protocol !== 'tcp:' && protocol !== 'tls:')) return undefined
  return { host: hostname.replaceAll(/^\[|\]$/g, ''), port: Number(port), tls: protocol === 'tls:' }
}

/**
 * A connection to a syslog server that is kept between batches. Syslog acknowledges nothing: a batch counts as taken when the
 * system has handed it on and the connection still stands a moment later.
 */
export class SyslogConnection implements Disposable {
  readonly #address: SyslogAddress
  #socket: Socket | undefined

  constructor(address: SyslogAddress) {
    this.#address = address
  }

  /** @throws SyslogFailure */
  async send(bytes: Uint8Array): Promise<void> {
    const socket = await this.#open()
    try {
      await within(writeMs, write(socket, bytes))
      await new Promise((resolve) => setTimeout(resolve, settleMs))
      if (socket.destroyed || socket.readableEnded) throw new Error('the server closed the connection')
    } catch (cause) {
      this.#drop()
      throw new SyslogFailure(`${this.#name()}: ${(cause as Error).message}`, { cause })
    }
  }

  /** Connects, if it has not. @throws SyslogFailure */
  async probe(): Promise<void> {
    await this.#open()
  }

  [Symbol.dispose](): void {
    this.#drop()
  }

  async #open(): Promise<Socket> {
    if (this.#socket !== undefined && !this.#socket.destroyed && !this.#socket.readableEnded) return this.#socket
    this.#drop()
    const { host, port, tls, authority, lookup } = this.#address
    const to = { host, port, ...(lookup === undefined ? {} : { lookup }) }
    // An address is in no SNI (RFC 6066 §3); the certificate has to name it all the same.
    const named = isIP(host) === 0 ? { servername: host } : {}
    const socket = tls
      ? connectTls({ ...to, ...named, ...(authority === undefined ? {} : { ca: authority }) })
      : connectPlain(to)
    socket.unref()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.once(tls ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
    try {
      await within(connectMs, promise)
    } catch (cause) {
      socket.destroy()
      throw new SyslogFailure(`${this.#name()} cannot be reached: ${(cause as Error).message}`, { cause })
    }
    socket.removeListener('error', reject)
    // What breaks between two batches is met by the next one.
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.resume()
    this.#socket = socket
    return socket
  }

  #drop(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #name(): string {
    return `${this.#address.host}:${this.#address.port}`
  }
}

/** Long enough for a refusal to come back. */
const settleMs = 50

function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onClose = () => reject(new Error('the server closed the connection'))
  socket.once('close', onClose)
  socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  // The connection stays for the next batch, and keeps no listener of this one.
  return promise.finally(() => socket.removeListener('close', onClose))
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms / 1000} s`)), ms)
  try {
    await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
