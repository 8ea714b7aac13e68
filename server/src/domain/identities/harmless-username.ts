import { withoutInvisible } from '#contract/visible-text.ts'

/** A name from elsewhere with `_` for the characters that no username has here; empty when nothing is left. */
export function harmlessUsername(written: string): string {
  const visible = withoutInvisible(written.normalize('NFKC').trim(), '_')
  return visible.replace(/[,"~#%$:\\\s]+/g, '_').slice(0, 255)
}
