import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })

test('the file that a Harbor user has starts Berth, and what it asks for in vain is named', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-harbor-file-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  // The fixture with this machine's ports and folders, without the certificate and the database it has not.
  const file = parse(readFileSync(join(import.meta.dirname, 'fixtures/harbor.yml'), 'utf8'))
  const [port, metricsPort] = [await freePort(), await freePort()]
  delete file.https
  delete file.external_database
  file.http.port = port
  file.external_url = `http://127.0.0.1:${port}`
  file.metric.port = metricsPort
  file.data_volume = join(folder, 'data')
  file.storage_service.filesystem.rootdirectory = join(folder, 'data', 'bytes')
  writeFileSync(join(folder, 'harbor.yml'), stringify(file))

  const command = [
    process.execPath,
    join(import.meta.dirname, '../../cli/src/main.ts'),
    'serve',
    '--config',
    join(folder, 'harbor.yml'),
  ]
  const server = Bun.spawn(command, { cwd: folder, env: { PATH: process.env['PATH'] }, stdout: 'pipe', stderr: 'pipe' })
  cleanups.push(async () => {
    server.kill('SIGKILL')
    await server.exited
  })
  const answer = await untilAnswered(`http://127.0.0.1:${port}/v2/`, () => server.exitCode !== null)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toContain(`realm="http://127.0.0.1:${port}/service/token"`)
  expect((await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).status).toBe(200)
  const token = await fetch(`http://127.0.0.1:${port}/service/token?service=harbor-registry`, {
    headers: { authorization: `Basic ${btoa(`admin:${file.harbor_admin_password}`)}` },
  })
  expect(token.status).toBe(200)

  server.kill('SIGTERM')
  const printed = (await Promise.all([new Response(server.stdout).text(), new Response(server.stderr).text()])).join('')
  expect(await server.exited).toBe(0)
  for (const key of ['trivy', 'jobservice', 'external_redis', 'internal_tls'])
    expect(printed).toContain(`${key} is not used`)
  for (const secret of ['root123', file.harbor_admin_password]) expect(printed).not.toContain(secret)
}, 30_000)

async function untilAnswered(url: string, hasEnded: () => boolean): Promise<Response> {
  const deadline = Date.now() + 20_000
  while (Date.now() < deadline && !hasEnded()) {
    try {
      return await fetch(url)
    } catch {
      await Bun.sleep(50) // not listening yet
    }
  }
  throw new Error(`${url} did not answer`)
}
