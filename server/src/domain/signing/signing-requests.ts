import type { Selectable } from 'kysely'
import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader, Writer } from '../../database/database.ts'
import type { SigningRequestTable } from '../../database/schema/signing.ts'
import { actorKey, actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { DomainError } from '../errors.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { signArtifact, type SigningOrder, type SigningServices, type StoredSignature } from './sign-artifact.ts'
import type { SignatureForm } from './signature-forms.ts'

/** A signature that somebody asked for, where a second person has to approve it. */
export interface SigningRequest {
  readonly id: number
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly keyId: number
  readonly forms: readonly SignatureForm[]
  readonly comment: string
  /** `expired`: nobody decided in time. */
  readonly state: 'pending' | 'signed' | 'rejected' | 'expired'
  readonly requestedBy: string
  readonly requestedAt: number
  readonly decidedBy: string | undefined
  readonly decidedAt: number | undefined
  readonly reason: string | undefined
}

/** What came of a wish: signatures, or a request that waits. */
export type Signed =
  | { readonly kind: 'signed'; readonly signatures: readonly StoredSignature[] }
  | { readonly kind: 'requested'; readonly requestId: number }

const requestMs = 7 * 24 * 60 * 60_000
const maxPending = 200

export class Signing {
  readonly #services: SigningServices

  constructor(services: SigningServices) {
    this.#services = services
  }

  /**
   * Signs at once, or, where the project wants two persons, keeps the wish for a second one.
   * @throws DomainError of `signArtifact`; PRECONDITION when too many requests wait
   */
  async sign(actor: Actor, order: SigningOrder, comment: string): Promise<Signed> {
    const { database } = this.#services.content
    if (!(await isSwitchedOn(database.read, order.projectId, 'two_person_signing')))
      return { kind: 'signed', signatures: await signArtifact(this.#services, actor, order, assertOnePerson(order)) }
    return { kind: 'requested', requestId: await this.#ask(actor, order, comment) }
  }

  /** The newest first. @throws DomainError PROJECT_UNKNOWN, FORBIDDEN */
  async listRequests(
    actor: Actor,
    projectId: number,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly rows: readonly SigningRequest[]; readonly total: number }> {
    const { database, clock } = this.#services.content
    await getProjectByIdFor(database.read, actor, 'accessory:list', projectId)
    const ofProject = database.read.selectFrom('signing_request').where('project_id', '=', projectId)
    const { total } = await ofProject.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow()
    const rows = await ofProject.selectAll().orderBy('id', 'desc').offset(page.offset).limit(page.limit).execute()
    return { rows: rows.map((row) => requestOf(row, clock.now())), total: Number(total) }
  }

  /**
   * A second person says yes, and the key signs with their right.
   * @throws DomainError SIGNING_REQUEST_UNKNOWN, PRECONDITION (it is decided or too old), FORBIDDEN (their own wish, or no person)
   */
  async approve(actor: Actor, projectId: number, id: number): Promise<readonly StoredSignature[]> {
    const { content } = this.#services
    const request = await this.#find(projectId, id)
    const { repository, digest, keyId, forms } = request
    const order = { projectId, repository, digest, keyId, forms }
    let isClaimed = false
    try {
      return await signArtifact(this.#services, actor, order, async (tx, by) => {
        await this.#decide(tx, by, { projectId, id }, { state: 'signed', reason: undefined })
        isClaimed = true
        return { requestId: id }
      })
    } catch (error) {
      // The gates refused what was to be stored: the wish waits again.
      if (isClaimed)
        await content.database.write(async (tx) => {
          const pending = { state: 'pending', decided_by: null, decided_at: null } as const
          await tx
            .updateTable('signing_request')
            .set(pending)
            .where('id', '=', id)
            .where('state', '=', 'signed')
            .execute()
        })
      throw error
    }
  }

  /** Whoever may sign may say no, also to a wish of their own. @throws DomainError SIGNING_REQUEST_UNKNOWN, PRECONDITION, FORBIDDEN */
  async reject(actor: Actor, projectId: number, id: number, reason: string): Promise<void> {
    const { content } = this.#services
    const { repository, digest } = await this.#find(projectId, id)
    await content.database.write(async (tx) => {
      const current = await currentActor(tx, actor, content.clock.now())
      await getProjectByIdFor(tx, current, 'signature:create', projectId)
      await this.#decide(tx, current, { projectId, id }, { state: 'rejected', reason })
      await content.events.record(tx, actor, {
        ...{ type: 'reject_signature', projectId, repository, digest, requestId: id, reason },
      })
    })
  }

  async #ask(actor: Actor, order: SigningOrder, comment: string): Promise<number> {
    const { database, clock, events } = this.#services.content
    const { projectId, repository, digest, keyId, forms } = order
    return await database.write(async (tx) => {
      const now = clock.now()
      const current = await currentActor(tx, actor, now)
      await getProjectByIdFor(tx, current, 'signature:create', projectId)
      const key = await tx.selectFrom('signature_key').select('project_id').where('id', '=', keyId).executeTakeFirst()
      if (key === undefined || (key.project_id !== null && key.project_id !== projectId))
        throw new DomainError('SIGNATURE_KEY_UNKNOWN', `key ${keyId} not found`)
      await assertRoom(tx, projectId, now)
      const { id } = await tx
        .insertInto('signing_request')
        .values({
          ...{ project_id: projectId, repository, digest, key_id: keyId, forms: JSON.stringify(forms), comment },
          ...{ state: 'pending', requester: actorKey(actor), requested_by: actorName(actor), requested_at: now },
          ...{ decided_by: null, decided_at: null, reason: null },
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      await events.record(tx, actor, {
        ...{ type: 'request_signature', projectId, repository, digest, requestId: id, keyId },
      })
      return id
    })
  }

  async #find(projectId: number, id: number): Promise<SigningRequest> {
    const { database, clock } = this.#services.content
    const row = await requestIn(database.read, { projectId, id }).executeTakeFirst()
    if (row === undefined) throw requestUnknown(id)
    return requestOf(row, clock.now())
  }

  /** One decision, whoever is quicker. */
  async #decide(
    tx: Writer,
    actor: Actor,
    place: { readonly projectId: number; readonly id: number },
    decision: { readonly state: 'signed' | 'rejected'; readonly reason: string | undefined },
  ): Promise<void> {
    const { clock } = this.#services.content
    const now = clock.now()
    const row = await requestIn(tx, place).executeTakeFirst()
    if (row === undefined) throw requestUnknown(place.id)
    const { state } = requestOf(row, now)
    if (state !== 'pending') throw new DomainError('PRECONDITION', `the request ${place.id} is ${state}`)
    if (decision.state === 'signed') assertSecondPerson(actor, row.requester)
    const { numUpdatedRows } = await tx
      .updateTable('signing_request')
      .set({
        ...{ state: decision.state, decided_by: actorName(actor), decided_at: now, reason: decision.reason ?? null },
      })
      .where('id', '=', place.id)
      .where('state', '=', 'pending')
      .executeTakeFirst()
    if (numUpdatedRows === 0n) throw new DomainError('PRECONDITION', `the request ${place.id} was decided meanwhile`)
  }
}

/** The switch is asked for again where the key is opened: it may have been thrown meanwhile. */
const assertOnePerson =
  ({ projectId }: SigningOrder) =>
  async (tx: Writer) => {
    if (await isSwitchedOn(tx, projectId, 'two_person_signing'))
      throw new DomainError('PRECONDITION', 'the project wants two persons for a signature since a moment: ask again')
    return {}
  }

/** @throws DomainError FORBIDDEN */
function assertSecondPerson(actor: Actor, requester: string): void {
  if (actor.kind !== 'user') throw new DomainError('FORBIDDEN', 'a person approves a signature, and no machine')
  if (actorKey(actor) === requester)
    throw new DomainError('FORBIDDEN', 'you asked for this signature yourself: another person has to approve it')
}

async function assertRoom(tx: Writer, projectId: number, now: number): Promise<void> {
  const rows = await tx
    .selectFrom('signing_request')
    .select('id')
    .where('project_id', '=', projectId)
    .where('state', '=', 'pending')
    .where('requested_at', '>', now - requestMs)
    .limit(maxPending)
    .execute()
  if (rows.length >= maxPending)
    throw new DomainError('PRECONDITION', `${maxPending} signatures wait for approval: decide on them first`)
}

const requestIn = (reader: Reader, { projectId, id }: { readonly projectId: number; readonly id: number }) =>
  reader.selectFrom('signing_request').selectAll().where('id', '=', id).where('project_id', '=', projectId)

const requestUnknown = (id: number) => new DomainError('SIGNING_REQUEST_UNKNOWN', `signing request ${id} not found`)

function requestOf(row: Selectable<SigningRequestTable>, now: number): SigningRequest {
  const isExpired = row.state === 'pending' && row.requested_at <= now - requestMs
  return {
    ...{ id: row.id, repository: row.repository as RepositoryName, digest: row.digest as Digest, keyId: row.key_id },
    ...{ forms: JSON.parse(row.forms) as SignatureForm[], comment: row.comment },
    state: isExpired ? 'expired' : row.state,
    ...{ requestedBy: row.requested_by, requestedAt: row.requested_at },
    decidedBy: row.decided_by ?? undefined,
    decidedAt: row.decided_at ?? undefined,
    reason: row.reason ?? undefined,
  }
}
