// Writes pairs of rows until it is killed, and prints the name of each pair once it is acknowledged.
import { migrate } from '#server/database/migrate.ts'
import { composeSqliteDatabase } from '#server/database/sqlite.ts'

process.stdout.on('error', () => {}) // nobody reads any more: about to be killed

const database = composeSqliteDatabase({ file: process.argv[2] ?? '' })
await migrate(database)

async function writePairs(worker: number): Promise<never> {
  for (let round = 0; ; round += 1) {
    const name = `w${worker}-${round}`
    await database.write(
      async (tx) => {
        await tx
          .insertInto('lease')
          .values({ name: `${name}-first`, holder: '', expires_at: 1 })
          .execute()
        await tx
          .insertInto('lease')
          .values({ name: `${name}-second`, holder: '', expires_at: 1 })
          .execute()
      },
      worker % 2 === 0 ? 'durable' : 'relaxed',
    )
    process.stdout.write(`${name}\n`)
  }
}

await Promise.all([0, 1, 2, 3].map(writePairs))
