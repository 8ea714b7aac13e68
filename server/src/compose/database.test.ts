import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPostgresDatabase, postgresMissing } from '../../../conformance/harness/postgres-database.ts'
import { skipLoudly } from '../../../conformance/harness/real-client.ts'
import type { Config } from '../config/config.ts'
import { migrate, readSchemaState, type Migration } from '../database/migrate.ts'
import { migrations } from '../database/migrations/index.ts'
import { systemClock } from '../domain/clock.ts'
import { composeDatabase, migrateDatabase } from './database.ts'

const owned = new AsyncDisposableStack()
afterAll(() => owned.disposeAsync())

const adds: Migration = { name: '9001-adds', up: async () => {} }
const takes: Migration = { name: '9002-takes', endsOlderVersions: true, up: async () => {} }
const clock = systemClock

const copies = 'a SQLite file that is copied first'
const settings = {
  [copies]: async () => sqlite(true),
  'a SQLite file that is not copied': async () => sqlite(false),
  PostgreSQL: async () => {
    const { url } = owned.use(await createPostgresDatabase())
    return { kind: 'postgres', url, maxConnections: 3, acquireTimeoutMs: 5_000 } as const
  },
}

function sqlite(copyBeforeMigration: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-migrate-'))
  owned.defer(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'berth.db')
  return { kind: 'sqlite', file, acquireTimeoutMs: 5_000, copyBeforeMigration } as const
}

for (const [name, place] of Object.entries(settings)) {
  if (name === 'PostgreSQL' && postgresMissing !== undefined) {
    skipLoudly(`a migration that takes something away: ${name}`, postgresMissing)
    continue
  }
  describe(`a migration that takes something away: ${name}`, () => {
    test('is made where there is a copy, or when a person says that there is a backup; one that adds, always', async () => {
      const config = { database: await place() } as Pick<Config, 'database'> as Config
      await using database = composeDatabase(config)
      await migrate(database, { steps: migrations.slice(0, 3) })
      await migrateDatabase(database, config, { clock, steps: [...migrations, adds] })
      const steps = [...migrations, adds, takes]
      expect(await readSchemaState(database, steps)).toMatchObject({ pending: [takes.name], takingAway: [takes.name] })
      const attempt = await migrateDatabase(database, config, { clock, steps }).catch((error: Error) => error)
      if (name === copies) expect(attempt).toEqual({ isNew: false })
      else {
        expect(attempt).toMatchObject({ name: 'DatabaseNotSaved' })
        expect(String(attempt)).toContain('berth migrate --i-have-a-backup')
        expect(await readSchemaState(database, steps)).toMatchObject({ pending: [takes.name] })
        await migrateDatabase(database, config, { clock, steps, isSaved: true })
      }
      expect(await readSchemaState(database, steps)).toMatchObject({ newest: takes.name, pending: [] })
    })

    test('is made in a new database without a word', async () => {
      const config = { database: await place() } as Pick<Config, 'database'> as Config
      await using database = composeDatabase(config)
      await migrateDatabase(database, config, { clock, steps: [...migrations, takes] })
      expect(await readSchemaState(database, [...migrations, takes])).toMatchObject({ newest: takes.name, pending: [] })
    })
  })
}
