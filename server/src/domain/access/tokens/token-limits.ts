import type { ActorLimits } from '../actor.ts'

/** What decides whether a personal token is good, and for what. */
export interface TokenRow {
  readonly token_id: number
  readonly projects: string | null
  readonly permissions: string
  readonly expires_at: number | null
}

/** Whether there is such a token (left joins may find none), and its time is not over. */
export function isTokenUsable<Row extends { readonly token_id: number | null; readonly expires_at: number | null }>(
  row: Row,
  now: number,
): row is Row & TokenRow {
  return row.token_id !== null && (row.expires_at === null || now < row.expires_at)
}

export function limitsOfToken(row: TokenRow): ActorLimits {
  return {
    tokenId: row.token_id,
    projectIds: row.projects === null ? undefined : new Set(JSON.parse(row.projects) as number[]),
    permissions: new Set(JSON.parse(row.permissions) as string[]),
    ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
  }
}
