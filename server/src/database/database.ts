import type { Kysely, Transaction } from 'kysely'
import type { Schema } from './schema/schema.ts'

export type Dialect = 'sqlite' | 'postgres'
export type Reader = Kysely<Schema>
export type Writer = Transaction<Schema>

/**
 * The promise of an acknowledged `write`.
 * `durable` survives power loss, and so does everything committed before it, even when the write itself changes
 * nothing. Everything acknowledged to a client uses it. `read` may show rows that are not durable yet: a caller that
 * acts on them outside the database writes first.
 * `relaxed` survives `kill -9`. Power loss may lose it and never corrupts it: upload progress, pull times, leases.
 */
export type Durability = 'durable' | 'relaxed'

/** A moment of the database. Rows come in pieces (500 at a time unless they are large), so that any table can be read. */
export interface Snapshot {
  rows<Row>(sql: string, values?: readonly (string | number)[], rowsPerPiece?: number): AsyncIterable<readonly Row[]>
}

export interface Database extends AsyncDisposable {
  readonly dialect: Dialect
  /** Reads outside a transaction. Never used inside `write` (invariant 10). */
  readonly read: Reader
  /**
   * Runs `work` in one transaction on one connection, serialised with other writers on SQLite
   * (BEGIN IMMEDIATE), READ COMMITTED on PostgreSQL. Rolls back when it throws. No network calls and no
   * file I/O inside. Waiting for a connection is bounded. PostgreSQL may run `work` again after a deadlock
   * or a serialisation failure, so it changes nothing but rows; and a statement that failed there has
   * spoilt the transaction: say `on conflict`, do not catch and go on.
   * @throws DatabaseBusy when no connection came free in time
   * @throws DatabaseFull when the disk is full; reads go on, writes succeed again once there is room
   * @throws DatabaseUnavailable when the database cannot be reached or written (I/O error, read-only)
   * @throws NestedDatabaseUse when called, or `read` is used, inside another `write`: a mistake in the program
   */
  write<T>(work: (tx: Writer) => Promise<T>, durability?: Durability): Promise<T>
  /**
   * Reads whole tables as they are at one moment, on a connection of its own, while writes go on. For backups and
   * verification, in a process that serves nobody: it reads for as long as the tables are large.
   * @throws DatabaseBusy, DatabaseUnavailable
   */
  snapshot<T>(work: (snapshot: Snapshot) => Promise<T>): Promise<T>
  /**
   * A number that changes whenever any process commits. Undefined where the database cannot tell cheaply (PostgreSQL).
   * Answers read under one epoch may be served from memory while the epoch stands. Ask for the epoch before reading.
   * Commits of this process count at once, those of others from the next turn of the event loop on.
   */
  epoch(): number | undefined
  /**
   * Reads all pages of a SQLite file, beside everything else, and returns what does not fit together. PostgreSQL looks
   * after its own pages: nothing.
   */
  checkPages(): Promise<readonly string[]>
  /** How busy its connections are; undefined for SQLite, which has one writer. */
  connections?(): { readonly max: number; readonly busy: number; readonly idle: number; readonly waiting: number }
  /** The first sign of damaged pages that any query or check has met; undefined while there was none. */
  damage(): DatabaseCorrupt | undefined
}

/** A value of a query that no row can have. It came from a client, whose request is at fault. */
export class UnstorableValue extends Error {
  override readonly name = 'UnstorableValue'
}
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy'
}
export class DatabaseUnavailable extends Error {
  override readonly name: string = 'DatabaseUnavailable'
}
/** Pages of the file are damaged. Trying again never helps; a backup does. */
export class DatabaseCorrupt extends DatabaseUnavailable {
  override readonly name = 'DatabaseCorrupt'
}
export class DatabaseFull extends DatabaseUnavailable {
  override readonly name = 'DatabaseFull'
}
