import { Database } from 'bun:sqlite'
import { importJWK, SignJWT, decodeJwt, decodeProtectedHeader, type JWK, type JWTPayload } from 'jose'
import { createDecipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
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
  const outer = Buffer.from(readFileSync(join(control.dataFolder, 'secrets.key'), 'utf8').trim(), 'base64')
  const jwk = opened(database, outer, ['signing_key', 'private_jwk', kid], row.private_jwk)
  const key = await importJWK(JSON.parse(jwk.toString('utf8')) as JWK, alg)
  return await new SignJWT({ ...decodeJwt(token), ...changes }).setProtectedHeader({ alg, kid, typ }).sign(key)
}

type Place = readonly [table: string, column: string, row: string]

/** What is sealed with a key of the database, which the outer key opens (`docs/guides/secrets.md`). */
function opened(database: Database, outer: Uint8Array, place: Place, sealed: string): Buffer {
  const id = keyIdOf(sealed)
  const wrapped = database.query<{ wrapped: string }, [string]>('select wrapped from secret_key where id = ?').get(id)
  if (wrapped === null) throw new Error(`the database has no key ${id}`)
  return unsealed(unsealed(outer, ['secret_key', 'wrapped', id], wrapped.wrapped), place, sealed)
}

const keyIdOf = (sealed: string): string => sealed.split('.')[2] ?? ''

/** AES-256-GCM: a nonce of 12 bytes, the bytes, a tag of 16, bound to the key and the place. */
function unsealed(key: Uint8Array, place: Place, sealed: string): Buffer {
  const bytes = Buffer.from(sealed.split('.')[3] ?? '', 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(JSON.stringify([keyIdOf(sealed), ...place])))
  decipher.setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
}
