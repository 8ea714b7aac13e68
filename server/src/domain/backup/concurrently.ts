/** Does `work` for each item, at most `limit` at a time; stops at the first error, when what runs has ended. */
export async function concurrently<T>(
  items: AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let failed: { readonly error: unknown } | undefined
  for await (const item of items) {
    if (failed !== undefined) break
    const one = work(item)
      .catch((error: unknown) => void (failed ??= { error }))
      .finally(() => running.delete(one))
    running.add(one)
    if (running.size >= limit) await Promise.race(running)
  }
  await Promise.all(running)
  if (failed !== undefined) throw failed.error
}
