import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '../../test/berth-process.ts'

setDefaultTimeout(60_000) // each starts processes

let folder: string
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'berth-reload-'))))
afterAll(() => rmSync(folder, { recursive: true }))

/** Probes are logged at debug. */
const probesLogged = (output: string): number => output.split('"operation":"ready"').length - 1

test.each(['1', '2'])('SIGHUP takes the level from the file and ends nothing, with %s workers', async (workers) => {
  const file = join(folder, `level-${workers}.yml`)
  writeFileSync(file, 'log: { level: info }\n')
  await using registry = await serve(['-c', file, '--data', join(folder, `data-${workers}`)], {
    cwd: folder,
    env: { BERTH_WORKERS: workers },
  })
  await registry.says('"message":"ready"')
  writeFileSync(file, 'log: { level: debug }\ntrash: { window: 1h }\n')
  registry.signal('SIGHUP')
  await registry.says(
    '"logLevel":"debug","logRequests":"all","afterRestart":["trash"],"message":"the configuration was read again"',
  )
  while (probesLogged(registry.output()) === 0) await fetch(`${registry.url}/ready`)
  writeFileSync(file, 'log: { level: nonsense }\n')
  registry.signal('SIGHUP')
  await registry.says('the one of the start stays in force')
  expect((await fetch(`${registry.url}/ready`)).status).toBe(200)
})

test.each(['1', '2'])('SIGHUP takes from the file which requests have a line, with %s workers', async (workers) => {
  const file = join(folder, `requests-${workers}.yml`)
  writeFileSync(file, 'log: { requests: all }\n')
  await using registry = await serve(['-c', file, '--data', join(folder, `requests-${workers}`)], {
    cwd: folder,
    env: { BERTH_WORKERS: workers },
  })
  await registry.says('"message":"ready"')
  const ask = async (name: string) => await fetch(`${registry.url}/v2/${name}/tags/list`)
  await ask('seen')
  await registry.says('/v2/seen/tags/list')
  writeFileSync(file, 'log: { requests: off }\n')
  registry.signal('SIGHUP')
  await registry.says('"logRequests":"off"')
  // The workers hear of it a moment later; each of them is asked.
  for (let count = 0; count < 20; count += 1) await ask('later')
  for (let count = 0; count < 20; count += 1) await ask('unseen')
  await registry.stop()
  expect(registry.output()).not.toContain('/v2/unseen/tags/list')
})

test('SIGUSR1 turns debug lines on, and the next one off', async () => {
  await using registry = await serve(['--data', join(folder, 'debug')], { cwd: folder })
  await registry.says('"message":"ready"')
  registry.signal('SIGUSR1')
  await registry.says('debug lines are on')
  await fetch(`${registry.url}/ready`)
  await registry.says('"operation":"ready"')
  registry.signal('SIGUSR1')
  await registry.says('debug lines are off')
  const before = probesLogged(registry.output())
  await fetch(`${registry.url}/ready`)
  await registry.stop()
  expect(probesLogged(registry.output())).toBe(before)
})

test('during drain_delay new connections are answered, and /ready says that it drains', async () => {
  const registry = await serve(['--data', join(folder, 'drain'), '--drain-delay', '3s'], { cwd: folder })
  await registry.says('"message":"ready"')
  const ended = registry.stop()
  await registry.says('stopping')
  const answer = await fetch(`${registry.url}/ready`, { headers: { connection: 'close' } })
  expect(answer.status).toBe(503)
  expect(await answer.json()).toEqual({ status: 'draining' })
  expect(await ended).toBe(0)
})
