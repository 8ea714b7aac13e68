/**
 * Resolves as soon as `holds` is true, asked again every few milliseconds. It has no limit of its own: the limit of the
 * test is the one that counts, and says which test it was.
 */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}
