import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import type { SignatureKeyTable } from '../../database/schema/signing.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertProvedLately } from '../access/second-factor/step-up.ts'
import { assertSystemAdministrator } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { nameSigner, unnameSigners } from '../signatures/trusted-signers.ts'
import type { OpenKey } from './formats/made-signature.ts'
import { certify } from './formats/signing-certificate.ts'
import { signersOfKey } from './signers-of-key.ts'

export const signatureKeySecrets = sealedColumn({
  ...{ table: 'signature_key', column: 'private_key', key: 'id' },
  holds: 'keys that sign artifacts',
  givenUp: 'emptied',
})

/** A key with which the registry signs artifacts. */
export interface SignatureKey {
  readonly id: number
  /** Undefined: of the registry. */
  readonly projectId: number | undefined
  readonly name: string
  readonly version: number
  /** `lost`: its private part was given up with an outer key. */
  readonly state: 'active' | 'retired' | 'revoked' | 'lost'
  readonly publicKey: string
  readonly certificate: string
  readonly username: string
  readonly createdAt: number
  readonly retiredAt: number | undefined
  readonly revokedAt: number | undefined
  readonly revokeReason: string | undefined
}

interface Services {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
}

const maxKeys = 50
const dayMs = 24 * 60 * 60_000
const certificateMs = 5 * 365 * dayMs
/** For verifiers whose clock is behind. */
const backdatedMs = 5 * 60_000
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * Keys with which the registry signs, each trusted where it belongs from its first moment on. The private part lies sealed, and is
 * destroyed when a key is retired or revoked.
 */
export class SignatureKeys {
  readonly #services: Services

  constructor({ database, clock, events, secrets }: Services) {
    this.#services = { database, clock, events, secrets }
  }

  /** The keys of a project, or those of the registry, the newest first. @throws DomainError PROJECT_UNKNOWN, FORBIDDEN */
  async listKeys(actor: Actor, projectId: number | undefined): Promise<readonly SignatureKey[]> {
    const { read } = this.#services.database
    if (projectId === undefined) assertSystemAdministrator(actor)
    else await getProjectByIdFor(read, actor, 'accessory:list', projectId)
    return (await ownKeys(read, projectId)).map(keyOf)
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (a key of this name signs), PRECONDITION (too many), FORBIDDEN */
  async createKey(actor: Actor, projectId: number | undefined, name: string): Promise<number> {
    if (!namePattern.test(name))
      throw new DomainError('BAD_REQUEST', 'the name of a key has 1 to 64 letters, digits and . _ -')
    return await this.#change(actor, projectId, async (tx) => {
      const known = await ownKeys(tx, projectId)
      if (known.some((key) => key.name === name && key.revoked_at === null && key.retired_at === null))
        throw new DomainError('CONFLICT', `there is a key ${name} already`, { reason: 'NAME_TAKEN' })
      const id = await this.#make(tx, actor, projectId, { name, known })
      await this.#record(tx, actor, 'create_signature_key', { id, name, projectId })
      return id
    })
  }

  /**
   * A new key takes over the name. The old one signs no more; what it signed stays valid.
   * @throws DomainError SIGNATURE_KEY_UNKNOWN, PRECONDITION (it signs no more), FORBIDDEN
   */
  async rotateKey(actor: Actor, projectId: number | undefined, id: number): Promise<number> {
    return await this.#change(actor, projectId, async (tx, now) => {
      const known = await ownKeys(tx, projectId)
      const old = findKey(known, id)
      if (old.retired_at !== null || old.revoked_at !== null)
        throw new DomainError('PRECONDITION', `the key ${old.name} version ${old.version} signs no more`)
      await tx.updateTable('signature_key').set({ retired_at: now, private_key: '' }).where('id', '=', id).execute()
      const next = await this.#make(tx, actor, projectId, { name: old.name, known })
      await this.#record(tx, actor, 'rotate_signature_key', { id: next, name: old.name, projectId })
      return next
    })
  }

  /**
   * Nothing that the key signed counts any more, from the commit on.
   * @throws DomainError SIGNATURE_KEY_UNKNOWN, PRECONDITION (it is revoked), FORBIDDEN
   */
  async revokeKey(actor: Actor, projectId: number | undefined, id: number, reason: string): Promise<void> {
    await this.#change(actor, projectId, async (tx, now) => {
      const row = findKey(await ownKeys(tx, projectId), id)
      const { name, version, revoked_at: before } = row
      if (before !== null) throw new DomainError('PRECONDITION', `the key ${name} version ${version} is revoked`)
      await tx
        .updateTable('signature_key')
        .set({ revoked_at: now, revoke_reason: reason, private_key: '' })
        .where('id', '=', id)
        .execute()
      await unnameSigners(tx, this.#services, actor, projectId, JSON.parse(row.signer_ids) as number[])
      await this.#record(tx, actor, 'revoke_signature_key', { id, name, projectId })
    })
  }

  async #make(
    tx: Writer,
    actor: Actor,
    projectId: number | undefined,
    { name, known }: { readonly name: string; readonly known: readonly { name: string; version: number }[] },
  ): Promise<number> {
    if (known.length >= maxKeys) throw new DomainError('PRECONDITION', `there are ${maxKeys} keys at the most`)
    const now = this.#services.clock.now()
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const version = Math.max(0, ...known.filter((key) => key.name === name).map((key) => key.version)) + 1
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
    const span = { from: now - backdatedMs, until: now + certificateMs }
    const certificate = certify({ publicKey, privateKey, commonName: name, organisation: 'Berth', ...span })
    const signers: number[] = []
    for (const signer of signersOfKey({ name, version, publicKey: pem, certificate }))
      signers.push(await nameSigner(tx, this.#services, actor, projectId, signer))
    const { id } = await tx
      .insertInto('signature_key')
      .values({
        ...{ project_id: projectId ?? null, name, version, public_key: pem, certificate, private_key: '' },
        ...{ signer_ids: JSON.stringify(signers), username: actorName(actor), created_at: now },
        ...{ retired_at: null, revoked_at: null, revoke_reason: null },
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const text = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
    const sealed = await this.#services.secrets.seal(tx, placeIn(signatureKeySecrets, id), text)
    await tx.updateTable('signature_key').set({ private_key: sealed }).where('id', '=', id).execute()
    return id
  }

  async #change<T>(
    actor: Actor,
    projectId: number | undefined,
    change: (tx: Writer, now: number) => Promise<T>,
  ): Promise<T> {
    const { database, clock } = this.#services
    return await database.write(async (tx) => {
      const current = await currentActor(tx, actor, clock.now())
      if (projectId === undefined) assertSystemAdministrator(current)
      else await getProjectByIdFor(tx, current, 'configuration:update', projectId)
      await assertProvedLately(tx, current, clock.now())
      await lockName(database, tx, `signature keys ${projectId ?? ''}`)
      return await change(tx, clock.now())
    })
  }

  async #record(
    tx: Writer,
    actor: Actor,
    type: 'create_signature_key' | 'rotate_signature_key' | 'revoke_signature_key',
    { id, name, projectId }: { readonly id: number; readonly name: string; readonly projectId: number | undefined },
  ): Promise<void> {
    const inProject = projectId === undefined ? {} : { projectId }
    await this.#services.events.record(tx, actor, { type, keyId: id, key: name, ...inProject })
  }
}

const ownKeys = async (reader: Reader | Writer, projectId: number | undefined) =>
  await reader
    .selectFrom('signature_key')
    .selectAll()
    .where('project_id', projectId === undefined ? 'is' : '=', projectId ?? null)
    .orderBy('id', 'desc')
    .execute()

function findKey(known: readonly Selectable<SignatureKeyTable>[], id: number): Selectable<SignatureKeyTable> {
  const found = known.find((key) => key.id === id)
  if (found === undefined) throw keyUnknown(id)
  return found
}

const keyUnknown = (id: number) => new DomainError('SIGNATURE_KEY_UNKNOWN', `key ${id} not found`)

/**
 * A key that signs in this project, opened in the transaction that notes its use. A key of the registry is trusted in every project, so
 * only a system administrator signs with it.
 * @throws DomainError SIGNATURE_KEY_UNKNOWN, PRECONDITION (it signs no more), FORBIDDEN, SECRET_UNREADABLE
 */
export async function openSigningKey(
  tx: Writer,
  secrets: Secrets,
  actor: Actor,
  { projectId, keyId }: { readonly projectId: number; readonly keyId: number },
): Promise<OpenKey & { readonly name: string }> {
  const row = await tx.selectFrom('signature_key').selectAll().where('id', '=', keyId).executeTakeFirst()
  if (row === undefined || (row.project_id !== null && row.project_id !== projectId)) throw keyUnknown(keyId)
  if (row.project_id === null) assertSystemAdministrator(actor)
  const { state, name, version, certificate } = keyOf(row)
  if (state !== 'active') throw new DomainError('PRECONDITION', `the key ${name} version ${version} is ${state}`)
  const pem = await secrets.open(tx, placeIn(signatureKeySecrets, keyId), row.private_key)
  const privateKey = createPrivateKey(pem)
  return { name, certificate, privateKey, publicKey: createPublicKey(privateKey) }
}

function keyOf(row: Selectable<SignatureKeyTable>): SignatureKey {
  const isActive = row.private_key !== ''
  return {
    ...{ id: row.id, projectId: row.project_id ?? undefined, name: row.name, version: row.version },
    state: row.revoked_at !== null ? 'revoked' : row.retired_at !== null ? 'retired' : isActive ? 'active' : 'lost',
    ...{ publicKey: row.public_key, certificate: row.certificate },
    ...{ username: row.username, createdAt: row.created_at },
    retiredAt: row.retired_at ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
    revokeReason: row.revoke_reason ?? undefined,
  }
}
