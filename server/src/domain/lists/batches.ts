/** How many digests one statement names unless its caller says otherwise; below the parameter limits of both databases. */
const lookupBatch = 500

export function* batches<T>(values: readonly T[], size = lookupBatch): Generator<T[]> {
  for (let start = 0; start < values.length; start += size) yield values.slice(start, start + size)
}
