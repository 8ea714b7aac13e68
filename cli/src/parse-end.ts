import { CommandError } from './command-error.ts'

/** A day (its beginning in UTC) or a moment, as `--until` has it. @throws CommandError */
export function parseEnd(until: string): string {
  const end = new Date(until)
  if (Number.isNaN(end.getTime()))
    throw new CommandError(`${JSON.stringify(until)} is no date`, { next: '--until 2027-01-31', kind: 'usage' })
  return end.toISOString()
}
