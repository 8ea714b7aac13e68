import type { z } from 'zod'
import type { Json } from './job.ts'

/**
 * The name of a kind of job and the schema of its payload. It stands once, in the noun that the work belongs to, so
 * that the code that asks for a job and the code that does it agree.
 */
export interface JobDefinition<Payload> {
  readonly kind: string
  /** @throws when the payload cannot be */
  parse(payload: Json): Payload
  /** For code that shows jobs: fields that another version of the program left out are undefined. */
  read(payload: Json): Partial<Payload>
  /** For code that asks for a job: `enqueueJob`, `startJob`, schedules, reactions. */
  of(payload: Payload): { readonly kind: string; readonly payload: Json }
}

export function defineJob<Shape extends z.ZodRawShape>(
  kind: string,
  schema: z.ZodObject<Shape>,
): JobDefinition<z.output<z.ZodObject<Shape>>> {
  type Payload = z.output<z.ZodObject<Shape>>
  const partial = schema.partial()
  return {
    kind,
    parse: (payload) => schema.parse(payload),
    read: (payload) => (partial.safeParse(payload).data ?? {}) as Partial<Payload>,
    of: (payload) => ({ kind, payload: payload as Json }),
  }
}
