import { dlopen, ptr } from 'bun:ffi'
import { spawnSync } from 'node:child_process'

/**
 * What systemd expects of a service of `Type=notify` (sd_notify(3)): datagrams to the socket that it names. Neither Bun
 * nor Node has datagrams of that kind, so libc is asked; where it is not to be found, systemd's own command does it.
 */
export interface ServiceManager {
  /** It can be used now. */
  ready(status: string): void
  /** It is about to end. */
  stopping(): void
}

const unixFamily = 1
const datagram = 2
const closeOnExec = 0o2000000

/** Undefined: nobody wants to hear. */
export function composeServiceManager({
  socket,
  watchdogMs,
}: {
  readonly socket: string | undefined
  readonly watchdogMs: number
}): (ServiceManager & Disposable) | undefined {
  if (socket === undefined) return undefined
  const send = sender(socket)
  let beat: ReturnType<typeof setInterval> | undefined
  return {
    ready(status) {
      send(`READY=1\nSTATUS=${status.replaceAll('\n', ' ')}`)
      // A message of an event loop that stands is not sent.
      if (watchdogMs > 0) beat ??= setInterval(() => send('WATCHDOG=1'), watchdogMs / 2).unref()
    },
    stopping: () => send('STOPPING=1\nSTATUS=finishing the requests under way'),
    [Symbol.dispose]: () => clearInterval(beat),
  }
}

function sender(address: string): (message: string) => void {
  const libc = openLibc()
  if (libc === undefined) {
    return (message) => void spawnSync('systemd-notify', message.split('\n'), { stdio: 'ignore' })
  }
  const name = Buffer.from(address)
  const socketAddress = Buffer.alloc(2 + name.length + (address.startsWith('@') ? 0 : 1))
  socketAddress.writeUInt16LE(unixFamily)
  name.copy(socketAddress, 2)
  // An address without a file begins with NUL, which systemd writes as @.
  if (address.startsWith('@')) socketAddress[2] = 0
  return (message) => {
    const socket = libc.socket(unixFamily, datagram | closeOnExec, 0)
    if (socket < 0) return
    const bytes = Buffer.from(message)
    libc.sendto(socket, ptr(bytes), bytes.length, 0, ptr(socketAddress), socketAddress.length)
    libc.close(socket)
  }
}

function openLibc() {
  for (const name of ['libc.so.6', 'libc.so']) {
    try {
      return dlopen(name, {
        socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
        sendto: { args: ['i32', 'ptr', 'u64', 'i32', 'ptr', 'u32'], returns: 'i64' },
        close: { args: ['i32'], returns: 'i32' },
      }).symbols
    } catch {
      // another C library, or another system
    }
  }
  return undefined
}
