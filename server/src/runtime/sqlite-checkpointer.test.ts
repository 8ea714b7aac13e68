import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteCheckpointer } from './sqlite-checkpointer.ts'

test('writes the log back in a thread, and leaves no connection behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-checkpoint-'))
  const file = join(folder, 'test.db')
  const database = new Database(file)
  database.run('pragma journal_mode = wal')
  database.run('pragma wal_autocheckpoint = 0')
  database.run('create table t (a text)')
  for (let row = 0; row < 20; row += 1) database.run('insert into t values (?)', ['x'.repeat(5000)])
  await using checkpointer = new SqliteCheckpointer(file)
  const first = checkpointer.checkpoint('passive')
  expect(checkpointer.checkpoint('restart')).toBe(first)
  expect(checkpointer.busy).toBe(true)
  expect(await first).toMatchObject({ busy: false })
  expect(checkpointer.busy).toBe(false)

  database.run('begin immediate')
  database.run(`insert into t values ('y')`)
  expect(await checkpointer.checkpoint('restart')).toMatchObject({ busy: true })
  database.run('commit')
  const last = await checkpointer.checkpoint('restart')
  expect(last).toMatchObject({ busy: false })
  database.run(`insert into t values ('z')`)
  expect(database.query('pragma wal_checkpoint(noop)').get()).toMatchObject({ log: 1 })
  database.close()
  expect([...new Bun.Glob('*').scanSync(folder)]).toEqual(['test.db'])
  rmSync(folder, { recursive: true })
})

test('a checkpoint that fails is an answer, and the next one is tried anew', async () => {
  await using checkpointer = new SqliteCheckpointer('/nowhere/test.db')
  for (let times = 0; times < 2; times += 1) expect(await checkpointer.checkpoint('passive')).toHaveProperty('error')
})

test('a thread that waits for work does not keep the process alive', async () => {
  const program = `
    const { SqliteCheckpointer } = await import(${JSON.stringify(join(import.meta.dirname, 'sqlite-checkpointer.ts'))})
    await new SqliteCheckpointer('/nowhere/test.db').checkpoint('passive')`
  const child = Bun.spawn([process.execPath, '-e', program], { timeout: 10_000 })
  expect(await child.exited).toBe(0)
})
