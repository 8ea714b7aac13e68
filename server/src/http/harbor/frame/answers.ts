import { withoutTrailing } from '#contract/trailing.ts'
import { z } from 'zod'
import { DomainError } from '../../../domain/errors.ts'

/** A moment as the API writes it: UTC with milliseconds. */
export const timeOf = (ms: number): string => new Date(ms).toISOString()

/** The same in the contract: generators make a date of it. */
export const timeAnswer = z.string().meta({ format: 'date-time' })

/** Go's zero time, which Harbor shows where nothing happened yet and the field cannot be left out. */
export const noTime = '0001-01-01T00:00:00.000Z'

/** A list inside an object. Harbor writes an empty one as null, and clients made from its contract read None there. */
export const orNull = <Row>(rows: readonly Row[]): Row[] | null => (rows.length === 0 ? null : [...rows])

/** A field that Harbor leaves out when there is nothing in it: clients made from its contract read None there. */
export const orAbsent = <Value extends string | number | boolean>(value: Value): Value | undefined =>
  value === '' || value === 0 || value === false ? undefined : value

/** Sentences about what was accepted and has no effect, for whoever reads headers (RFC 7234 §5.5, code 299). */
export const warningHeaders = (sentences: readonly string[]): Readonly<Record<string, string>> =>
  sentences.length === 0 ? {} : { warning: sentences.map((sentence) => `299 - "${sentence}"`).join(', ') }

/** 201 with the address of what was created: below the path that it was posted to, as Harbor's clients cut it. */
export function createdAt(path: string, idOrName: number | string): { status: 201; headers: Record<string, string> } {
  return { status: 201, headers: { location: `${withoutTrailing(path, '/')}/${idOrName}` } }
}

/** An id in a path. Nothing has an id below 1, which is for the look-up to say, as of every id that nothing has. */
export const idParam = z.coerce
  .number()
  .int('should be an integer')
  .min(Number.MIN_SAFE_INTEGER)
  .max(Number.MAX_SAFE_INTEGER)

/** Where Harbor takes an id of 0 for one that is not given. @throws DomainError BAD_REQUEST, in its words */
export function givenId(id: number, orElse: string): number {
  if (id <= 0) throw new DomainError('BAD_REQUEST', orElse)
  return id
}

/** `true` and `false` in a query, with Go's other spellings. */
export const truthQuery = z
  .string()
  .regex(/^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/, 'should be a boolean')
  .transform((text) => /^(1|t)/i.test(text))

export const permissionAnswer = z.object({ resource: z.string(), action: z.string() })
