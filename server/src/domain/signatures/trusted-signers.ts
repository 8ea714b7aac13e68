import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { TrustedSignerTable } from '../../database/schema/signatures.ts'
import { isUniqueViolation } from '../../database/violations.ts'
import { lockName } from '../../database/locking.ts'
import { LruMap } from '../../runtime/lru-map.ts'
import { actorName, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertSecurityAdministrator } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { signerOf, type SignerDefinition } from './signer-definition.ts'
import type { Signer } from './verification/signers.ts'

/** Somebody whose signatures count: in a project, or in all of them. Never changed, only replaced by another. */
export interface TrustedSigner {
  readonly id: number
  /** Undefined: in every project. */
  readonly projectId: number | undefined
  readonly name: string
  readonly definition: SignerDefinition
  readonly signer: Signer
  /** Who named it. */
  readonly username: string
  readonly createdAt: number
}

/** Each costs a verification of every signature that no other one verified. */
const maxSigners = 100
const namePattern = /^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,127}$/

interface SignerServices {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

export class TrustedSigners {
  readonly #services: SignerServices
  readonly #database: Database
  readonly #clock: Clock

  constructor({ database, clock, events }: SignerServices) {
    this.#services = { database, clock, events }
    this.#database = database
    this.#clock = clock
  }

  /**
   * Those of a project with those of the registry, which count there too; or those of the registry alone.
   * @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async listSigners(actor: Actor, projectId: number | undefined): Promise<readonly TrustedSigner[]> {
    await assertMay(this.#database.read, actor, 'read', projectId)
    return await signersFor(this.#database.read, projectId)
  }

  /** @throws DomainError SIGNER_UNKNOWN, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getSigner(actor: Actor, projectId: number | undefined, id: number): Promise<TrustedSigner> {
    const found = (await this.listSigners(actor, projectId)).find((signer) => signer.id === id)
    if (found === undefined) throw signerUnknown(id)
    return found
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (the name is taken there), PRECONDITION (too many), FORBIDDEN */
  async createSigner(actor: Actor, projectId: number | undefined, named: NewSigner): Promise<number> {
    const { name } = named
    if (!namePattern.test(name)) {
      throw new DomainError('BAD_REQUEST', 'the name of a signer has 1 to 128 letters, digits, blanks and . _ @ -')
    }
    try {
      return await this.#database.write(async (tx) => {
        await assertMay(tx, await currentActor(tx, actor, this.#clock.now()), 'update', projectId)
        return await nameSigner(tx, this.#services, actor, projectId, named)
      })
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      throw new DomainError('CONFLICT', `there is a signer ${name} already`, { reason: 'NAME_TAKEN', cause: error })
    }
  }

  /**
   * What the signer verified counts no more from the commit on; what another one verifies too counts again when it was
   * looked at once more.
   * @throws DomainError SIGNER_UNKNOWN, PROJECT_UNKNOWN, FORBIDDEN
   */
  async deleteSigner(actor: Actor, projectId: number | undefined, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      await assertMay(tx, await currentActor(tx, actor, this.#clock.now()), 'update', projectId)
      if ((await unnameSigners(tx, this.#services, actor, projectId, [id])) === 0) throw signerUnknown(id)
    })
  }
}

/**
 * Names a signer in the transaction that may.
 * @throws DomainError BAD_REQUEST, PRECONDITION (too many); a violation of uniqueness when the name is taken
 */
export async function nameSigner(
  tx: Writer,
  { database, clock, events }: SignerServices,
  actor: Actor,
  projectId: number | undefined,
  named: NewSigner,
): Promise<number> {
  const { name, definition } = named
  signerOf({ id: 0, name }, definition)
  await lockName(database, tx, `signers ${projectId ?? ''}`)
  const known = await ownSigners(tx, projectId)
  if (known.length >= maxSigners) throw new DomainError('PRECONDITION', `there are ${maxSigners} signers at the most`)
  const { id } = await tx
    .insertInto('trusted_signer')
    .values({
      ...{ project_id: projectId ?? null, name, kind: definition.kind, definition: JSON.stringify(definition) },
      ...{ username: actorName(actor), created_at: clock.now() },
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  await events.record(tx, actor, { type: 'create_signer', ...factsOf(id, named, projectId) })
  return id
}

/** Ends the trust in those of them that are named there. Returns how many. */
export async function unnameSigners(
  tx: Writer,
  { events }: Pick<SignerServices, 'events'>,
  actor: Actor,
  projectId: number | undefined,
  ids: readonly number[],
): Promise<number> {
  const found = (await ownSigners(tx, projectId)).filter(({ id }) => ids.includes(id))
  for (const row of found) {
    await tx.deleteFrom('trusted_signer').where('id', '=', row.id).execute()
    await events.record(tx, actor, { type: 'delete_signer', ...factsOf(row.id, signerOfRow(row), projectId) })
  }
  return found.length
}

const signerUnknown = (id: number) => new DomainError('SIGNER_UNKNOWN', `signer ${id} not found`)

export interface NewSigner {
  readonly name: string
  readonly definition: SignerDefinition
}

/** The registry decides whom all projects trust; who changes the settings of a project decides for it. */
async function assertMay(
  reader: Reader,
  actor: Actor,
  action: 'read' | 'update',
  projectId: number | undefined,
): Promise<void> {
  if (projectId === undefined) assertSecurityAdministrator(actor)
  else await getProjectByIdFor(reader, actor, `configuration:${action}`, projectId)
}

const factsOf = (signerId: number, { name, definition }: NewSigner, projectId: number | undefined) => ({
  ...{ signerId, signer: name, kind: definition.kind },
  ...(projectId === undefined ? {} : { projectId }),
})

const ownSigners = async (reader: Reader | Writer, projectId: number | undefined) =>
  await reader
    .selectFrom('trusted_signer')
    .selectAll()
    .where('project_id', projectId === undefined ? 'is' : '=', projectId ?? null)
    .orderBy('id')
    .execute()

/** Whose signatures count in a project: its own signers after those of the registry. */
export async function signersFor(reader: Reader, projectId: number | undefined): Promise<readonly TrustedSigner[]> {
  const registry = await ownSigners(reader, undefined)
  const own = projectId === undefined ? [] : await ownSigners(reader, projectId)
  return [...registry, ...own].map(signerOfRow)
}

/** The same set has the same name: a verdict says by whom it was reached. */
export const nameOfTrust = (signers: readonly { readonly id: number }[]): string =>
  createHash('sha256')
    .update(signers.map(({ id }) => id).join(' '))
    .digest('hex')
    .slice(0, 16)

/** What was read from a row, which never changes. Compared whole: an id may be that of another row in another database. */
const cachedSigners = new LruMap<
  number,
  { readonly row: Selectable<TrustedSignerTable>; readonly signer: TrustedSigner }
>(500)

function signerOfRow(row: Selectable<TrustedSignerTable>): TrustedSigner {
  const known = cachedSigners.get(row.id)
  if (known !== undefined && isDeepStrictEqual(known.row, row)) return known.signer
  const definition = JSON.parse(row.definition) as SignerDefinition
  const signer: TrustedSigner = {
    id: row.id,
    projectId: row.project_id ?? undefined,
    name: row.name,
    definition,
    signer: signerOf(row, definition),
    username: row.username,
    createdAt: row.created_at,
  }
  cachedSigners.set(row.id, { row, signer })
  return signer
}
