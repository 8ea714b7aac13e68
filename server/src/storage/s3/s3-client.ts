import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { S3Client } from '@aws-sdk/client-s3'
import { Bucket, type S3Encryption } from './bucket.ts'

export interface S3Settings {
  readonly bucket: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  readonly region: string
  /** Of another service than AWS. */
  readonly endpoint: string | undefined
  /** `https://host/bucket/key` instead of `https://bucket.host/key`. */
  readonly pathStyle: boolean
  /** Undefined: environment, shared files, web identity or instance metadata, as AWS's own tools look for them. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  /** PEM file with the authorities that sign the endpoint's certificate, besides the usual ones. */
  readonly caFile: string | undefined
  readonly encryption: S3Encryption | undefined
  /** Whether the store knows S3's newer checksums; some that are compatible otherwise refuse them. */
  readonly checksums: boolean
}

const connectTimeoutMs = 5_000
/** Without a byte in either direction. */
const idleTimeoutMs = 60_000
const attempts = 5
const connections = 256

/** Calls to one bucket, each with timeouts, and with back-off and jitter on SlowDown and lost connections. */
export function openBucket(settings: S3Settings): Bucket {
  const whether = settings.checksums ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  const client = new S3Client({
    region: settings.region,
    forcePathStyle: settings.pathStyle,
    maxAttempts: attempts,
    retryMode: 'standard',
    requestChecksumCalculation: whether,
    responseChecksumValidation: whether,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      socketTimeout: idleTimeoutMs,
      httpsAgent: new Agent({
        keepAlive: true,
        maxSockets: connections,
        ...(settings.caFile === undefined ? {} : { ca: readFileSync(settings.caFile) }),
      }),
    },
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    ...(settings.credentials === undefined ? {} : { credentials: settings.credentials }),
  })
  return new Bucket({ client, name: settings.bucket, prefix: settings.prefix, encryption: settings.encryption })
}
