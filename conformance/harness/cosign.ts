import { sign, type KeyObject } from 'node:crypto'
import { pushArtifact } from './artifact.ts'
import type { V2Client } from './v2-client.ts'

/** Signs an image as cosign did before its version 3, by a manifest that names its subject; `signed` is another one in a forgery. */
export async function signImage(
  client: V2Client,
  repository: string,
  subject: { digest: string },
  key: KeyObject,
  signed = subject,
) {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': '' },
        image: { 'docker-manifest-digest': signed.digest },
        type: 'cosign container image signature',
      },
    }),
  )
  const signature = sign('sha256', payload, key).toString('base64')
  await pushArtifact(client, repository, undefined, {
    config: { mediaType: 'application/vnd.dev.cosign.artifact.sig.v1+json', bytes: Buffer.from('{}') },
    layers: [
      {
        mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
        bytes: payload,
        annotations: { 'dev.cosignproject.cosign/signature': signature },
      },
    ],
    subject,
  })
}
