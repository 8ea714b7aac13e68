import { readFile, stat } from 'node:fs/promises'
import { fromTokenFile } from '@aws-sdk/credential-provider-web-identity'
import type { S3ClientConfig } from '@aws-sdk/client-s3'

type Provider = ReturnType<typeof fromTokenFile>
type Key = Awaited<ReturnType<Provider>>

/** How the store gets its key; undefined in the settings: as AWS's own tools look for it. */
export type S3Credentials =
  | { readonly kind: 'key'; readonly accessKeyId: string; readonly secretAccessKey: string }
  /** A file as AWS's tools write it (`[profile]`, `aws_access_key_id = …`), read again when it changes. */
  | { readonly kind: 'file'; readonly file: string; readonly profile: string }
  /** AssumeRoleWithWebIdentity: a token from a file, read for every exchange, against keys that expire. */
  | {
      readonly kind: 'web-identity'
      readonly roleArn: string
      readonly tokenFile: string
      /** Of another security token service than AWS's. */
      readonly endpoint: string | undefined
    }

/** The SDK asks again when less than five minutes are left, which this always is. */
const askAgainMs = 60_000
/** A file is looked at no more often than this. */
const lookEveryMs = 1_000

export function credentialsProvider(
  credentials: S3Credentials,
  region: string,
): NonNullable<S3ClientConfig['credentials']> {
  switch (credentials.kind) {
    case 'key':
      return { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey }
    case 'file':
      return fileProvider(credentials.file, credentials.profile)
    case 'web-identity': {
      const { roleArn, tokenFile, endpoint } = credentials
      return fromTokenFile({
        roleArn,
        webIdentityTokenFile: tokenFile,
        roleSessionName: 'berth',
        clientConfig: { region, ...(endpoint === undefined ? {} : { endpoint }) },
      })
    }
  }
}

function fileProvider(file: string, profile: string): Provider {
  let known: Key | undefined
  let knownStamp = ''
  let lookedAt = -Infinity
  return async () => {
    const now = Date.now()
    if (known === undefined || now - lookedAt >= lookEveryMs) {
      const { mtimeMs, size, ino } = await stat(file)
      const stamp = `${mtimeMs} ${size} ${ino}`
      if (stamp !== knownStamp) {
        known = parseCredentialsFile(await readFile(file, 'utf8'), profile, file)
        knownStamp = stamp
      }
      lookedAt = now
    }
    return { ...known!, expiration: new Date(now + askAgainMs) }
  }
}

/** @throws Error that names what is missing, and never repeats what is there */
export function parseCredentialsFile(text: string, profile: string, file: string): Key {
  const values = new Map<string, string>()
  let section: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)?.[1]
    if (heading !== undefined) section = heading
    else if (section === profile) {
      const equals = line.indexOf('=')
      if (equals > 0) values.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim())
    }
  }
  const accessKeyId = values.get('aws_access_key_id') ?? ''
  const secretAccessKey = values.get('aws_secret_access_key') ?? ''
  if (accessKeyId === '' || secretAccessKey === '') {
    throw new Error(`${file} has no aws_access_key_id and aws_secret_access_key in its section [${profile}]`)
  }
  const sessionToken = values.get('aws_session_token') ?? ''
  return { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) }
}
