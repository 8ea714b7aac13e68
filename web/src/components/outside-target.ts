/** Where a link may lead: to pages and to people. Undefined for everything else. */
export function outsideTarget(written: string): string | undefined {
  if (!/^(https?:\/\/|mailto:)/i.test(written)) return undefined
  return URL.canParse(written) ? written : undefined
}
