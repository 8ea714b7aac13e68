import { s3Credentials } from '../../../../conformance/harness/s3-server.ts'
import type { S3Settings } from './s3-client.ts'

/** A bucket of the S3 server of the tests, with everything that a service can do. */
export function s3SettingsForTest(given: Partial<S3Settings> & Pick<S3Settings, 'bucket' | 'endpoint'>): S3Settings {
  return {
    prefix: 'registry/',
    region: 'us-east-1',
    publicEndpoint: undefined,
    capabilities: {
      addressing: 'path',
      checksums: 'flexible',
      keysPerDelete: 1_000,
      partsAlike: false,
      conditionalCopies: true,
      encryption: ['AES256', 'aws:kms'],
    },
    credentials: { kind: 'key', ...s3Credentials },
    caFile: undefined,
    encryption: undefined,
    timeoutMs: 30_000,
    ...given,
  }
}
