import type { NewSigner } from '../signatures/trusted-signers.ts'

/** The signers by which the registry verifies what a key of its own signs: with cosign, and with notation. */
export function signersOfKey({
  name,
  version,
  publicKey,
  certificate,
}: {
  readonly name: string
  readonly version: number
  readonly publicKey: string
  readonly certificate: string
}): readonly NewSigner[] {
  const known = `${name} v${version}`
  return [
    { name: known, definition: { kind: 'key', public_key: publicKey } },
    {
      name: `${known} notation`,
      definition: {
        kind: 'notation',
        trust_policy: trustPolicyFor(name),
        trust_stores: { [`ca:${name}`]: certificate },
      },
    },
  ]
}

/** As `notation policy import` takes it, for a trust store with the certificate of the key. */
export const trustPolicyFor = (name: string) => ({
  version: '1.0',
  trustPolicies: [
    {
      name,
      registryScopes: ['*'],
      signatureVerification: { level: 'strict' },
      trustStores: [`ca:${name}`],
      trustedIdentities: ['*'],
    },
  ],
})
