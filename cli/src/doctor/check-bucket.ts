import { composeBlobStore } from '#server/compose/blob-store.ts'
import type { Config } from '#server/config/config.ts'
import { good, problem, type Finding } from './finding.ts'

/** Whether the bucket takes writes and deletions, as the registry itself would do them. */
export async function checkBucket(config: Config): Promise<Finding[]> {
  const { storage } = config
  if (storage.kind !== 's3') return []
  const subject = `bucket ${storage.bucket}`
  await using store = await composeBlobStore(config)
  try {
    const started = performance.now()
    await store.probe()
    return [good(subject, `takes writes; one with its deletion took ${Math.round(performance.now() - started)} ms`)]
  } catch (error) {
    return [problem(subject, (error as Error).message, remedies(error))]
  }
}

function remedies(error: unknown): string[] {
  const cause = (error as Error).cause as Error | undefined
  const detail = `the service says: ${cause?.message ?? (error as Error).message}`
  switch (cause?.name) {
    case 'NoSuchBucket':
      return [detail, 'create the bucket, or correct s3.bucket and s3.endpoint']
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
    case 'CredentialsProviderError':
      return [detail, 'check s3.access_key and s3.secret_key']
    case 'AccessDenied':
      return [
        detail,
        'the key needs s3:GetObject, PutObject, DeleteObject, AbortMultipartUpload, ListMultipartUploadParts on the objects, and s3:ListBucket on the bucket',
      ]
    default:
      return [detail, 'check s3.endpoint and s3.region, and that this machine reaches them']
  }
}
