import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent } from 'node:https'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { Bucket, type S3Encryption } from './bucket.ts'
import { sendContentMd5 } from './content-md5.ts'
import { credentialsProvider, type S3Credentials } from './credentials.ts'
import type { S3Capabilities } from './capabilities.ts'
import { readPemCertificates } from '../../runtime/pem.ts'

export interface S3Settings {
  readonly bucket: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  readonly region: string
  /** Of another service than AWS. */
  readonly endpoint: string | undefined
  /** Where clients reach the service, when they know it by another name than we. */
  readonly publicEndpoint: string | undefined
  readonly capabilities: S3Capabilities
  /** Undefined: environment, shared files, web identity or instance metadata, as AWS's own tools look for them. */
  readonly credentials: S3Credentials | undefined
  /** PEM file with the authorities that sign the endpoint's certificate, besides the usual ones. */
  readonly caFile: string | undefined
  readonly encryption: S3Encryption | undefined
  /** How long one attempt waits for its answer, and for each further byte of it. */
  readonly timeoutMs: number
  /** How often a call is tried; 5 times when left out. */
  readonly attempts?: number
}

/** One call to the bucket, with its tries. */
export interface S3Call {
  /** `GetObject`. */
  readonly operation: string
  readonly seconds: number
  readonly attempts: number
  readonly failed: boolean
}

const connectTimeoutMs = 5_000
const standardAttempts = 5
const connections = 256

/** @throws an Error that names the file and the line where it cannot be read */
function readAuthorities(file: string): string[] {
  return readPemCertificates(file, readFileSync(file, 'utf8')).map(({ text }) => text)
}

/** Calls to one bucket, each with timeouts, and with back-off and jitter on SlowDown, 5xx and lost connections. */
export function openBucket(settings: S3Settings, onCall?: (call: S3Call) => void): Bucket {
  const { capabilities, credentials } = settings
  const whether = capabilities.checksums === 'flexible' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED'
  const ca = settings.caFile === undefined ? {} : { ca: readAuthorities(settings.caFile) }
  const common: S3ClientConfig = {
    region: settings.region,
    forcePathStyle: capabilities.addressing === 'path',
    maxAttempts: settings.attempts ?? standardAttempts,
    retryMode: 'standard',
    requestChecksumCalculation: whether,
    responseChecksumValidation: whether,
    ...(credentials === undefined ? {} : { credentials: credentialsProvider(credentials, settings.region) }),
  }
  const at = (endpoint: string | undefined) => (endpoint === undefined ? {} : { endpoint })
  const client = new S3Client({
    ...common,
    ...at(settings.endpoint),
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: settings.timeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: settings.timeoutMs,
      httpAgent: new HttpAgent({ keepAlive: true, maxSockets: connections }),
      httpsAgent: new Agent({ keepAlive: true, maxSockets: connections, ...ca }),
    },
  })
  if (onCall !== undefined) tellCalls(client, onCall)
  sendContentMd5(client, capabilities.checksums === 'md5')
  return new Bucket({
    client,
    presigner: new S3Client({ ...common, ...at(settings.publicEndpoint ?? settings.endpoint) }),
    capabilities,
    silenceMs: settings.timeoutMs,
    endpoint: settings.endpoint,
    name: settings.bucket,
    prefix: settings.prefix,
    encryption: settings.encryption,
  })
}

/** An object that is not there is an answer, and no failure. */
const isAnswer = (status: number | undefined): boolean => status !== undefined && status < 500 && status !== 403

function tellCalls(client: S3Client, onCall: (call: S3Call) => void): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const startedAt = performance.now()
        const tell = (metadata: { attempts?: number; httpStatusCode?: number } | undefined, failed: boolean) =>
          onCall({
            operation: (commandName ?? 'Unknown').replace(/Command$/, ''),
            seconds: (performance.now() - startedAt) / 1000,
            attempts: metadata?.attempts ?? 1,
            failed,
          })
        try {
          const result = await next(args)
          tell((result.output as { $metadata?: { attempts?: number } }).$metadata, false)
          return result
        } catch (error) {
          const metadata = (error as { $metadata?: { attempts?: number; httpStatusCode?: number } }).$metadata
          tell(metadata, !isAnswer(metadata?.httpStatusCode))
          throw error
        }
      },
    { step: 'initialize', name: 'tellCalls' },
  )
}
