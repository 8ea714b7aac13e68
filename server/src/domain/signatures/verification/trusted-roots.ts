import { budgets, parseForeignJson } from '#contract/budget.ts'
import { TrustedRoot } from '@sigstore/protobuf-specs'
import { toTrustMaterial } from '@sigstore/verify'
import { readCertificate } from './certificates.ts'
import { refusing, SignatureRefused } from './refusals.ts'

const maxAuthorities = 32

/**
 * A `trusted_root.json` of Sigstore. What leaves open since when a key counts is refused: the verifier would count it as
 * valid since ever.
 * @throws SignatureRefused
 */
export function readTrustedRoot(text: string | Uint8Array): TrustedRoot {
  return refusing('malformed', 'the trusted root cannot be read', () => {
    const root = TrustedRoot.fromJSON(parseForeignJson(text, budgets.trustedRoot))
    const keys = [...root.tlogs, ...root.ctlogs].map(({ publicKey }) => publicKey?.validFor)
    const authorities = [...root.certificateAuthorities, ...root.timestampAuthorities]
    if (authorities.length === 0) throw new SignatureRefused('malformed', 'the trusted root names no authority')
    if (keys.length > maxAuthorities || authorities.length > maxAuthorities) {
      throw new SignatureRefused('too-many', `the trusted root names more than ${maxAuthorities} authorities or logs`)
    }
    if ([...keys, ...authorities.map(({ validFor }) => validFor)].some((range) => range?.start === undefined)) {
      throw new SignatureRefused('malformed', 'the trusted root has a key without the time since when it is valid')
    }
    for (const { certChain } of authorities) {
      for (const { rawBytes } of certChain?.certificates ?? []) readCertificate(Buffer.from(rawBytes))
    }
    // Its keys are read here, so that a root which cannot be used is refused when it is named.
    toTrustMaterial(root)
    return root
  })
}
