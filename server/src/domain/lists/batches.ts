/** How many digests one statement asks for; below the parameter limits of both databases. */
const lookupBatch = 500

export function* batches<T>(values: readonly T[]): Generator<T[]> {
  for (let start = 0; start < values.length; start += lookupBatch) yield values.slice(start, start + lookupBatch)
}
