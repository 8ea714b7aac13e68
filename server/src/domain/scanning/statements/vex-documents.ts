import type { Database, Reader, Writer } from '../../../database/database.ts'
import { actorName, type Actor } from '../../access/actor.ts'
import { currentActor } from '../../access/current-actor.ts'
import { assertCanInProject, assertCanInSystem } from '../../access/roles/authorise.ts'
import type { Clock } from '../../clock.ts'
import { DomainError } from '../../errors.ts'
import type { Events } from '../../events/events.ts'
import { enqueueJob } from '../../jobs/enqueue.ts'
import { findProjectAccessById } from '../../projects/project-access.ts'
import { packJson, unpackJson } from '../packed-json.ts'
import { verdictOf } from '../detection/verdict.ts'
import { readVex } from '../vex/read-vex.ts'
import type { VexDocument } from '../vex/vex-statement.ts'
import { applyVexJob } from './vex-job.ts'

interface Services {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

/** Whose reports a document speaks of: those of a project, or of the whole registry. */
export type VexScope = { readonly id: number; readonly name: string } | undefined

export interface KeptVex {
  readonly id: number
  readonly name: string
  readonly format: VexDocument['format']
  readonly statements: number
  readonly username: string
  readonly createdAt: number
}

/** Of a project, and of the registry: all of them are read for each report. */
const maxDocuments = 200

/**
 * Keeps a document, and has the reports that it speaks of looked at anew.
 * @throws DomainError BAD_REQUEST for what is no VEX document or says nothing that can be compared; CONFLICT when there are too many;
 *   UNAUTHENTICATED, FORBIDDEN
 */
export async function addVexDocument(
  services: Services,
  actor: Actor,
  scope: VexScope,
  { name, text }: { readonly name: string; readonly text: string },
): Promise<number> {
  const { database, clock, events } = services
  const document = parsed(text)
  const body = await packJson(document.statements)
  return await database.write(async (tx) => {
    await assertMay(tx, clock, actor, scope)
    const { count } = await ofScope(tx, scope)
      .select((eb) => eb.fn.countAll<number | string>().as('count'))
      .executeTakeFirstOrThrow()
    if (Number(count) >= maxDocuments) {
      throw new DomainError(
        'CONFLICT',
        `there are ${maxDocuments} VEX documents already; delete what is needed no more`,
      )
    }
    const { id } = await tx
      .insertInto('vex_document')
      .values({
        project_id: scope?.id ?? null,
        name,
        format: document.format,
        statements: document.statements.length,
        body,
        username: actorName(actor),
        created_at: clock.now(),
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    await applyAnew(tx, clock, actor, scope)
    await events.record(tx, actor, { type: 'add_vex_document', ...inScope(scope), vex: id, name })
    return id
  })
}

/** @throws DomainError VEX_UNKNOWN, also for one of another scope; UNAUTHENTICATED, FORBIDDEN */
export async function deleteVexDocument(services: Services, actor: Actor, scope: VexScope, id: number): Promise<void> {
  const { database, clock, events } = services
  await database.write(async (tx) => {
    await assertMay(tx, clock, actor, scope)
    const row = await ofScope(tx, scope).select('name').where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw new DomainError('VEX_UNKNOWN', `VEX document ${id} not found`)
    await tx.deleteFrom('vex_document').where('id', '=', id).execute()
    await applyAnew(tx, clock, actor, scope)
    await events.record(tx, actor, { type: 'delete_vex_document', ...inScope(scope), vex: id, name: row.name })
  })
}

/** The newest first. */
export async function listVexDocuments(reader: Reader, scope: VexScope): Promise<readonly KeptVex[]> {
  const rows = await ofScope(reader, scope)
    .select(['id', 'name', 'format', 'statements', 'username', 'created_at'])
    .orderBy('id', 'desc')
    .execute()
  return rows.map(({ created_at: createdAt, ...row }) => ({ ...row, createdAt }))
}

/** What was given to a project, or to the registry, in the order in which it came. */
export async function readVexDocuments(reader: Reader, projectId: number | undefined): Promise<readonly VexDocument[]> {
  const rows = await ofScope(reader, projectId === undefined ? undefined : { id: projectId })
    .select(['format', 'body'])
    .orderBy('id')
    .execute()
  return await Promise.all(
    rows.map(async ({ format, body }) => ({
      format,
      statements: await unpackJson<VexDocument['statements']>(body),
      passedOver: 0,
    })),
  )
}

function parsed(text: string): VexDocument {
  let document: VexDocument
  try {
    document = readVex(text)
  } catch (error) {
    throw new DomainError('BAD_REQUEST', `this VEX document cannot be used: ${verdictOf(error).message}`)
  }
  if (document.statements.length > 0) return document
  throw new DomainError(
    'BAD_REQUEST',
    'no statement of this VEX document can be compared with anything: products need a package URL or a digest',
  )
}

const ofScope = (reader: Reader, scope: { readonly id: number } | undefined) =>
  scope === undefined
    ? reader.selectFrom('vex_document').where('project_id', 'is', null)
    : reader.selectFrom('vex_document').where('project_id', '=', scope.id)

const inScope = (scope: VexScope) => (scope === undefined ? {} : { projectId: scope.id, project: scope.name })

async function assertMay(tx: Writer, clock: Clock, actor: Actor, scope: VexScope): Promise<void> {
  const now = await currentActor(tx, actor, clock.now())
  if (scope === undefined) return assertCanInSystem(now, 'scanner:update')
  const access = await findProjectAccessById({ read: tx }, now, scope.id)
  assertCanInProject(now, 'project:update', access, scope.name)
}

async function applyAnew(tx: Writer, clock: Clock, actor: Actor, scope: VexScope): Promise<void> {
  await enqueueJob(tx, clock, {
    ...applyVexJob.of(scope === undefined ? {} : { projectId: scope.id }),
    ...(scope === undefined ? {} : { projectId: scope.id }),
    priority: -10,
    trigger: 'event',
    actor,
  })
}
