import { chmodSync, closeSync, existsSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { openSqlite } from '../runtime/sqlite.ts'

/** Copies that stay; older ones go. */
const copiesKept = 2
/** A copy holds the same password hashes and signing keys as the database. */
const ownerOnly = 0o600

/**
 * Copies a SQLite database beside itself before its schema is changed, whole and synced: `berth.db.before-0015-replicas`.
 * Returns where, or undefined when there is no such file. A copy that exists is kept: it is from before a change that
 * was then not made.
 * @throws DatabaseNotCopied with what to do
 */
export async function copyBeforeChange(file: string, pending: readonly string[]): Promise<string | undefined> {
  if (!existsSync(file) || statSync(file).size === 0) return undefined
  const prefix = `${basename(file)}.before-`
  const copy = join(dirname(file), `${prefix}${pending[0]}`)
  const partial = `${copy}.partial`
  try {
    rmSync(partial, { force: true })
    // SQLite fills an empty file that it is given: with the mode of this one no other account can ever open it.
    closeSync(openSync(partial, 'wx', ownerOnly))
    using connection = openSqlite(file)
    connection.query('vacuum into ?', [partial])
    const written = await open(partial, 'r+')
    try {
      await written.sync()
    } finally {
      await written.close()
    }
    renameSync(partial, copy)
  } catch (error) {
    rmSync(partial, { force: true })
    throw new DatabaseNotCopied(file, copy, error)
  }
  const copies = readdirSync(dirname(file)).filter((name) => name.startsWith(prefix) && !name.endsWith('.partial'))
  for (const old of copies.sort().slice(0, -copiesKept)) rmSync(join(dirname(file), old))
  // Earlier versions left their copies readable.
  for (const kept of copies.slice(-copiesKept)) chmodSync(join(dirname(file), kept), ownerOnly)
  return copy
}

/** Nothing was changed. */
export class DatabaseNotCopied extends Error {
  override readonly name = 'DatabaseNotCopied'
  constructor(file: string, copy: string, cause: unknown) {
    super(
      `the schema of ${file} must change, and it could not be copied to ${copy} first (${(cause as Error).message}): ` +
        'make room there, or take a backup and set database.copy_before_migration to false',
      { cause },
    )
  }
}
