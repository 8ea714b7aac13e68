import { UnstorableValue } from './database.ts'

/**
 * Checks the values of a query before the database sees them, so that both databases refuse the same ones. PostgreSQL's
 * text has no NUL and its numbers have ends; SQLite would take NaN for null.
 * @throws UnstorableValue
 */
export function assertStorable(values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value === 'string') {
      if (value.includes('\u0000')) throw new UnstorableValue('a text has the character NUL in it')
    } else if (typeof value === 'number' && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) {
      throw new UnstorableValue('a number is beyond those that can be kept')
    }
  }
}
