import { afterAll, expect, test } from 'bun:test'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeServiceManager } from './service-manager.ts'

const folder = mkdtempSync(join(tmpdir(), 'berth-notify-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Prints each datagram that comes to the address. */
const receiver = `
import socket, sys
address = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0" + address[1:] if address.startswith("@") else address)
print("bound", flush=True)
while True: print(repr(s.recv(4096).decode()), flush=True)
`
const hasPython = spawnSync('python3', ['--version']).status === 0
const why = hasPython ? '' : ': NOT RUN, python3 is not installed'

async function receiving(address: string) {
  const child = spawn('python3', ['-c', receiver, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const until = async (words: string) => {
    while (!said.includes(words)) await Bun.sleep(5)
  }
  await until('bound')
  return { said: () => said, until, [Symbol.dispose]: () => void child.kill() }
}

test.skipIf(!hasPython).each([join(folder, 'notify'), `@berth-test-${process.pid}`])(
  `systemd is told at %s when the registry can be used, that it lives, and when it ends${why}`,
  async (address) => {
    using systemd = await receiving(address)
    using manager = composeServiceManager({ socket: address, watchdogMs: 40 })
    manager!.ready('serving http://127.0.0.1:8080')
    await systemd.until("'READY=1\\nSTATUS=serving http://127.0.0.1:8080'")
    await systemd.until("'WATCHDOG=1'")
    manager!.stopping()
    await systemd.until('STOPPING=1')
  },
)

test('nobody is told where nobody asks', () => {
  expect(composeServiceManager({ socket: undefined, watchdogMs: 0 })).toBeUndefined()
})

test('a socket that is gone disturbs nothing', () => {
  using manager = composeServiceManager({ socket: join(folder, 'none'), watchdogMs: 0 })
  expect(() => manager!.ready('x')).not.toThrow()
})
