import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatDigest } from '#contract/digest.ts'
import { skipLoudly } from '../../../../../conformance/harness/real-client.ts'
import { sharedData } from '#server-test/shared-data.ts'
import { readPublicKey } from './public-keys.ts'
import { SignatureRefused } from './refusals.ts'
import { readBundle, verifyKeyInLog, verifyKeyless } from './sigstore-bundles.ts'
import { readTrustedRoot } from './trusted-roots.ts'

const folder = join(sharedData, 'sigstore-conformance/bundle-verify')
const identity =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main'
const provider = 'https://token.actions.githubusercontent.com'
/**
 * Cases without a root of their own are of the public instance. One case brings the root of that instance, with a log that
 * ends at its own entry; here the log goes on.
 */
function publicRoot() {
  const root = readTrustedRoot(readFileSync(join(folder, 'trust-root-tlog-validity-end-inclusive/trusted_root.json')))
  for (const { publicKey } of root.tlogs) delete publicKey?.validFor?.end
  return root
}

if (!existsSync(folder)) skipLoudly('the conformance suite of Sigstore', `there is no ${folder}`)
else {
  const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

  test('the suite is there', () => expect(cases.length).toBeGreaterThan(60))

  for (const { name } of cases) {
    const at = (file: string) => join(folder, name, file)
    const read = (file: string) => readFileSync(at(file))
    const said = (file: string, otherwise: string) => (existsSync(at(file)) ? read(file).toString().trim() : otherwise)
    const verify = () => {
      const bytes = existsSync(at('artifact')) ? read('artifact') : readFileSync(join(folder, 'a.txt'))
      const digest = formatDigest('sha256', createHash('sha256').update(bytes).digest('hex'))
      const ownRoot = existsSync(at('trusted_root.json'))
      const content = readBundle(read('bundle.sigstore.json'), { digest, bytes })
      const root = ownRoot ? readTrustedRoot(read('trusted_root.json')) : publicRoot()
      if (!existsSync(at('key.pub'))) {
        const found = verifyKeyless(content, root)
        expect(found).toMatchObject({ subjects: [said('identity', identity)], issuer: said('issuer', provider) })
        return
      }
      const key = readPublicKey(read('key.pub').toString())
      if (!key.verifies(content.signedBytes, content.signature)) throw new SignatureRefused('signature-invalid', name)
      if (ownRoot) verifyKeyInLog(content, key, root)
    }
    if (name.endsWith('_fail')) test(`${name} is refused`, () => expect(verify).toThrow(SignatureRefused))
    else test(`${name} is accepted`, () => verify())
  }
}
