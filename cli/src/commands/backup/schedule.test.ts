import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { berth, serve, type Serving } from '../../../test/berth-process.ts'

setDefaultTimeout(120_000) // starts processes

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'berth-backup-schedule-'))))
afterAll(() => rmSync(folder, { recursive: true }))

async function metric(registry: Serving, name: string): Promise<number> {
  const text = await (await fetch(`${registry.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
}

const at = (file: string) => ['-c', file, '--data', join(folder, 'data')]

test('a schedule makes backups without anybody, the metrics know the last one, and it is in the list', async () => {
  const place = join(folder, 'backups')
  const file = join(folder, 'berth.yml')
  writeFileSync(
    file,
    `backup: { to: ${place}, schedule: '${(new Date().getUTCSeconds() + 5) % 60} * * * * *', keep: 3 }\n`,
  )
  const startedAt = Date.now() / 1000
  await using registry = await serve(at(file), { cwd: folder, env: { BERTH_LOG_FORMAT: 'json' } })
  const last = 'berth_backup_last_success_timestamp_seconds'
  while (!((await metric(registry, last)) > startedAt)) await Bun.sleep(200)
  expect(await metric(registry, 'berth_backup_last_damaged_blobs')).toBe(0)
  expect(registry.output()).toContain('"kind":"backup"')
  const { code, stdout } = await berth(['backup', 'list', '--output', 'json', ...at(file)], { cwd: folder })
  expect(code).toBe(0)
  expect((JSON.parse(stdout) as unknown[]).length).toBeGreaterThan(0)
  const shown = await berth(['backup', 'schedule', ...at(file)], { cwd: folder })
  expect([shown.code, shown.stdout]).toEqual([
    0,
    expect.stringMatching(/to +.*backups\n.*next +\d{4}-.*last +\d{4}-.*age/s),
  ])
})

test('a backup of the schedule that fails is shown with its reason, and is the exit code', async () => {
  const file = join(folder, 'nowhere.yml')
  writeFileSync(join(folder, 'taken'), 'a file is no folder')
  const second = (new Date().getUTCSeconds() + 5) % 60
  writeFileSync(file, `backup: { to: ${join(folder, 'taken')}, schedule: '${second} * * * * *' }\n`)
  await using _registry = await serve(at(file), { cwd: folder, env: { BERTH_LOG_FORMAT: 'json' } })
  let shown = await berth(['backup', 'schedule', ...at(file)], { cwd: folder })
  while (!shown.stdout.includes('last failure'))
    shown = await berth(['backup', 'schedule', ...at(file)], { cwd: folder })
  expect([shown.code, shown.stdout]).toEqual([1, expect.stringMatching(/last failure +\d{4}-.*ENOTDIR/)])
})

test('a start without the schedule takes it away; one that cannot be keeps the registry from starting', async () => {
  const file = join(folder, 'none.yml')
  writeFileSync(file, 'log: { level: info }\n')
  {
    await using registry = await serve(at(file), { cwd: folder })
    while (Number.isNaN(await metric(registry, 'berth_schedules'))) await Bun.sleep(100)
    // The weekly scrub that a new registry is given stays.
    expect(await metric(registry, 'berth_schedules')).toBe(1)
  }
  writeFileSync(file, 'backup: { schedule: daily }\n')
  const { code, stderr } = await berth(['config', 'check', '-c', file], { cwd: folder })
  expect(code).not.toBe(0)
  expect(stderr).toContain('backup.to')
})
