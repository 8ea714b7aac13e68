import { generateKeyPairSync } from 'node:crypto'

/** A pair of keys, with the public one as people name it. */
export function keyPairForTest() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, pem: publicKey.export({ format: 'pem', type: 'spki' }).toString() }
}
