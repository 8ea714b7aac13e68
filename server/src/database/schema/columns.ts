/**
 * Column conventions, the same in SQLite and PostgreSQL: times are milliseconds since the epoch,
 * flags are 0 or 1, sizes are bytes, JSON is text. Ids are never reused.
 */
export type Flag = 0 | 1
