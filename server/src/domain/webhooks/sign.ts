import { createHmac } from 'node:crypto'
import type { Body } from './bodies.ts'
import type { Target } from './targets.ts'

/** A message, ready to be sent. */
export interface Message {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

interface Signing {
  /** The same in each attempt: receivers know by it what they had. */
  readonly id: string
  /** Milliseconds since the epoch, of this attempt: an old message cannot be sent again by somebody else. */
  readonly now: number
}

/**
 * The request of an attempt, signed as its target wants it: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`,
 * `webhook-signature`) for an address, and the sign of the robots of DingTalk and Feishu.
 */
export function messageOf(target: Target, { contentType, text }: Body, { id, now }: Signing): Message {
  const url = new URL(target.address)
  const seconds = String(Math.floor(now / 1000))
  const { signingSecret: secret } = target
  const headers = { 'content-type': contentType, 'webhook-id': id, 'webhook-timestamp': seconds }
  if (target.type === 'http') {
    return {
      url,
      body: text,
      headers: {
        ...headers,
        ...(target.authHeader === '' ? {} : { authorization: target.authHeader }),
        ...(secret === '' ? {} : { 'webhook-signature': `v1,${hmac(keyOf(secret), `${id}.${seconds}.${text}`)}` }),
      },
    }
  }
  if (secret !== '' && target.type === 'dingtalk') {
    url.searchParams.set('timestamp', String(now))
    url.searchParams.set('sign', hmac(secret, `${now}\n${secret}`))
  }
  const body =
    secret !== '' && target.type === 'feishu'
      ? // Every body for Feishu begins with its first field.
        `{"timestamp":"${seconds}","sign":"${hmac(`${seconds}\n${secret}`, '')}",${text.slice(1)}`
      : text
  return { url, body, headers }
}

/** `whsec_` and base64, as Standard Webhooks writes a secret; any other text is the key itself. */
function keyOf(secret: string): string | Buffer {
  const prefix = 'whsec_'
  return secret.startsWith(prefix) ? Buffer.from(secret.slice(prefix.length), 'base64') : secret
}

const hmac = (key: string | Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64')
