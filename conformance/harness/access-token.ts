import { Database } from 'bun:sqlite'
import { importJWK, SignJWT, decodeJwt, decodeProtectedHeader, type JWK, type JWTPayload } from 'jose'
import { join } from 'node:path'
import type { ControlledRegistry } from './scenario.ts'

/**
 * The token with other claims, signed by the registry's own key, which lies in its database: for what a registry
 * must refuse although the signature is right.
 */
export async function signAgain(
  { control }: ControlledRegistry,
  token: string,
  changes: JWTPayload = {},
): Promise<string> {
  const { alg = '', kid = '', typ = '' } = decodeProtectedHeader(token)
  using database = new Database(join(control.dataFolder, 'berth.db'), { readonly: true })
  const row = database
    .query<{ private_jwk: string }, [string]>('select private_jwk from signing_key where kid = ?')
    .get(kid)
  if (row === null) throw new Error('the registry has no key of this id')
  const key = await importJWK(JSON.parse(row.private_jwk) as JWK, alg)
  return await new SignJWT({ ...decodeJwt(token), ...changes }).setProtectedHeader({ alg, kid, typ }).sign(key)
}
