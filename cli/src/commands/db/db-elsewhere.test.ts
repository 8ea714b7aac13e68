import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { berth, serve, type Serving } from '../../../test/berth-process.ts'

setDefaultTimeout(120_000)

const folder = mkdtempSync(join(tmpdir(), 'berth-db-elsewhere-'))
afterAll(() => rmSync(folder, { recursive: true }))

const advisory = (name: string) => ({
  id: `GHSA-${name}`,
  modified: '2026-01-02T00:00:00Z',
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
})
for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.json`), JSON.stringify(advisory(name)))
writeFileSync(join(folder, 'notes.json'), '{"hello": 1}')

describe('the data of a registry elsewhere', () => {
  const place = join(folder, 'elsewhere')
  let server: Serving
  const there = (...args: readonly string[]) =>
    berth(['db', ...args], {
      cwd: folder,
      env: { HOME: folder, BERTH_URL: server.url, BERTH_USERNAME: 'admin', BERTH_PASSWORD: 'Harbor12345' },
    })

  beforeAll(async () => {
    server = await serve(['--data', place], { cwd: folder, env: { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' } })
  })
  afterAll(() => server.stop())

  test('is uploaded, with the log of its import, and a source is taken out again', async () => {
    const imported = await there('import', 'a.json', '-f')
    expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('osv-npm: 1 advisories') })
    expect((await there('status')).stdout).toContain('from a.json')
    expect((await there('import', 'notes.json', '-f')).code).toBe(1)
    expect((await there('remove-source', 'nothing')).code).toBe(4)
    expect((await there('remove-source', 'osv-npm', '-f')).code).toBe(0)
    expect((await there('status')).stdout).toMatch(/^\* 2 .*from without osv-npm\n {2}1/)
  })

  test('is pushed as an artifact, fetched from its own repository, by a schedule, and from a remote registry', async () => {
    const artifact = `${new URL(server.url).host}/library/data:1`
    expect(await there('push', 'a.json', artifact)).toMatchObject({ code: 0 })
    const pulled = await there('pull', 'library/data:1', '-f')
    expect(pulled).toMatchObject({ code: 0, stdout: expect.stringContaining('osv-npm: 1 advisories') })
    expect((await there('status')).stdout).toMatch(/^\* 3 .*from library\/data:1@sha256:/)
    expect((await there('pull', 'library/data:1', '-f')).stdout).toContain('was imported already')
    const scheduled = await there('schedule', 'daily', '--artifact', 'library/data:1')
    expect(scheduled.stdout).toMatch(/runs +0 0 0 \* \* \*[^]*library\/data 1[^]*newest on/)
    // What was pushed anew under the tag is taken.
    expect(await there('push', 'b.json', artifact)).toMatchObject({ code: 0 })
    expect((await there('pull', '-f')).stdout).toContain('vulnerability data 4')
    const known = await berth(['registry', 'create', 'own', server.url], {
      cwd: folder,
      env: { HOME: folder, BERTH_URL: server.url, BERTH_USERNAME: 'admin', BERTH_PASSWORD: 'Harbor12345' },
    })
    expect(known.code).toBe(0)
    const remote = await there('pull', 'library/data:1', '--registry', 'own', '-f')
    expect(remote.stdout).toContain('vulnerability data 5')
    expect((await there('status')).stdout).toContain(`from ${artifact}@sha256:`)
    // An artifact that is not there fails, and says so; another attempt comes later.
    expect((await there('pull', 'library/nothing:1')).code).toBe(0)
    // The command fetches it by itself, too.
    const fetched = await berth(['db', 'import', artifact, '--data', place], { cwd: folder })
    expect(fetched.stdout).toContain('osv-npm: 1 advisories')
  })

  test('refuses what cannot be asked for', async () => {
    expect((await there('pull', 'library/data:1', '--registry', 'nowhere')).code).toBe(4)
    expect((await there('pull', '--registry', 'own')).code).toBe(2)
    expect((await there('schedule', 'daily', '--artifact', 'UPPER/x:1')).code).toBe(2)
    expect((await there('import', '.')).code).toBe(2)
    expect((await there('push', 'notes.txt', 'x')).code).toBe(4)
  })
})
