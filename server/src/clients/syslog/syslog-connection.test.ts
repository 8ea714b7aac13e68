import { expect, test } from 'bun:test'
import { EventEmitter } from 'node:events'
import { createServer } from 'node:net'
import { SyslogConnection } from './syslog-connection.ts'

test('a connection that is kept for many batches keeps no listeners of those before', async () => {
  let received = ''
  const server = createServer((socket) => socket.on('data', (data) => (received += data.toString())))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  try {
    using connection = new SyslogConnection({ host: '127.0.0.1', port, tls: false })
    const batches = EventEmitter.defaultMaxListeners + 2
    for (let count = 0; count < batches; count += 1) await connection.send(Buffer.from(`${count} `))
    expect(received.trim().split(' ')).toHaveLength(batches)
    expect(warnings).toEqual([])
  } finally {
    process.removeListener('warning', onWarning)
    server.close()
  }
})
