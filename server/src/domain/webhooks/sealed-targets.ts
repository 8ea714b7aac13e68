import type { Reader, Writer } from '../../database/database.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { Target } from './targets.ts'

/** Addresses of chats have a token in them. */
const secretFields = ['address', 'authHeader', 'signingSecret'] as const
type SecretField = (typeof secretFields)[number]

/** Nothing answers there (RFC 2606). */
const addressGivenUp = 'https://given-up.invalid/'

const nameOf = ({ key }: Target, field: SecretField): string => `${key}/${field}`

/** The targets of a policy, of which the secret fields are sealed: reactions look at the rest. */
export const webhookSecrets = sealedColumn({
  ...{ table: 'webhook_policy', column: 'targets', key: 'id' },
  holds: 'addresses, headers and signing secrets of webhooks',
  givenUp: 'emptied',
  parts: {
    read: (value) => secretsOf(JSON.parse(value) as Target[]),
    write: (value, parts) => JSON.stringify(withSecrets(JSON.parse(value) as Target[], parts)),
    instead: (name) => (name.endsWith('/address') ? addressGivenUp : ''),
  },
})

const secretsOf = (targets: readonly Target[]): Map<string, string> =>
  new Map(
    targets.flatMap((target) => secretFields.map((field) => [nameOf(target, field), target[field] ?? ''] as const)),
  )

const withSecrets = (targets: readonly Target[], parts: ReadonlyMap<string, string>): Target[] =>
  targets.map((target) => ({
    ...target,
    ...Object.fromEntries(secretFields.map((field) => [field, parts.get(nameOf(target, field)) ?? target[field]])),
  }))

export async function sealTargets(
  secrets: Secrets,
  tx: Writer,
  policyId: number,
  targets: readonly Target[],
): Promise<string> {
  const sealed = new Map<string, string>()
  for (const [name, text] of secretsOf(targets))
    sealed.set(name, await secrets.seal(tx, placeIn(webhookSecrets, policyId, name), text))
  return JSON.stringify(withSecrets(targets, sealed))
}

/** @throws DomainError SECRET_UNREADABLE */
export async function openTargets(
  secrets: Secrets,
  reader: Reader,
  { id, targets: stored }: { readonly id: number; readonly targets: string },
): Promise<Target[]> {
  const targets = JSON.parse(stored) as Target[]
  const opened = new Map<string, string>()
  for (const [name, sealed] of secretsOf(targets))
    opened.set(name, await secrets.open(reader, placeIn(webhookSecrets, id, name), sealed))
  return withSecrets(targets, opened)
}
