import type { Digest } from '#contract/digest.ts'
import { projectOf, type RepositoryName } from '#contract/repository-name.ts'
import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { LabelTable } from '../../database/schema/labels.ts'
import { lockRowsShared } from '../../database/locking.ts'
import { isUniqueViolation } from '../../database/violations.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import {
  assertCanInProject,
  assertCanInSystem,
  can,
  canEverywhere,
  canInSystem,
  refusedOn,
} from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { containing, matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import { findProjectAccessById, getProjectByIdFor } from '../projects/project-access.ts'

/** A word for artifacts: of one project, or of the registry and good in all of them. */
export interface Label {
  readonly id: number
  readonly projectId: number | undefined
  readonly name: string
  readonly description: string
  /** `#` and hexadecimal digits, or empty. */
  readonly color: string
  readonly createdAt: number
  readonly updatedAt: number
}

export interface LabelFields {
  readonly name: string
  readonly description: string
  readonly color: string
}

const columns: ListColumns = {
  id: { ref: 'label.id', type: 'number' },
  name: { ref: 'label.name', type: 'text' },
  description: { ref: 'label.description', type: 'text' },
  project_id: { ref: 'label.project_id', type: 'number' },
  creation_time: { ref: 'label.created_at', type: 'time' },
  update_time: { ref: 'label.updated_at', type: 'time' },
}

const maxNameLength = 128
const maxDescriptionLength = 1_024
const byName = [{ key: 'name', descending: false }]

export class Labels {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events

  constructor({ database, clock, events }: { database: Database; clock: Clock; events: Events }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
  }

  /** @throws DomainError BAD_REQUEST, CONFLICT (the name is taken there), PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async createLabel(actor: Actor, projectId: number | undefined, fields: LabelFields): Promise<number> {
    await this.#assertMay(this.#database.read, actor, 'create', projectId)
    assertFields(fields)
    const now = this.#clock.now()
    return await unlessTaken(fields.name, () =>
      this.#database.write(async (tx) => {
        await this.#assertMay(tx, await currentActor(tx, actor, now), 'create', projectId)
        const { id } = await tx
          .insertInto('label')
          .values({ ...fields, project_id: projectId ?? null, created_at: now, updated_at: now })
          .returning('id')
          .executeTakeFirstOrThrow()
        await this.#events.record(tx, actor, { type: 'create_label', ...eventFacts(id, fields.name, projectId) })
        return id
      }),
    )
  }

  /** @throws DomainError LABEL_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getLabel(actor: Actor, id: number): Promise<Label> {
    return await this.#find(this.#database.read, actor, 'read', id)
  }

  /** Those of the registry, or of one project. @throws DomainError BAD_REQUEST, UNAUTHENTICATED, FORBIDDEN */
  async pageLabels(
    actor: Actor,
    of: { readonly projectId: number | undefined; readonly name: string | undefined },
    { conditions, sort, limit, offset }: Listing,
  ): Promise<Listed<Label>> {
    await this.#assertMay(this.#database.read, actor, 'list', of.projectId)
    let matched = this.#database.read
      .selectFrom('label')
      .where('project_id', of.projectId === undefined ? 'is' : '=', of.projectId ?? null)
    if (of.name !== undefined) matched = matched.where(containing('label.name', of.name))
    for (const condition of matching(columns, conditions)) matched = matched.where(condition)
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    let page = matched.selectAll().limit(limit).offset(offset)
    for (const { ref, direction } of ordering(columns, sort, byName)) page = page.orderBy(ref, direction)
    return { rows: (await page.execute()).map(labelOf), total: Number(total) }
  }

  /** @throws DomainError LABEL_UNKNOWN, BAD_REQUEST, CONFLICT, UNAUTHENTICATED, FORBIDDEN */
  async updateLabel(actor: Actor, id: number, fields: LabelFields): Promise<void> {
    await this.#find(this.#database.read, actor, 'update', id)
    assertFields(fields)
    await unlessTaken(fields.name, () =>
      this.#database.write(async (tx) => {
        const { projectId } = await this.#findAsNow(tx, actor, 'update', id)
        const changed = await tx
          .updateTable('label')
          .set({ ...fields, updated_at: this.#clock.now() })
          .where('id', '=', id)
          .executeTakeFirst()
        if (changed.numUpdatedRows === 0n) throw labelUnknown(id)
        await this.#events.record(tx, actor, { type: 'update_label', ...eventFacts(id, fields.name, projectId) })
      }),
    )
  }

  /** Takes it from every artifact too. @throws DomainError LABEL_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async deleteLabel(actor: Actor, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      const { name, projectId } = await this.#findAsNow(tx, actor, 'delete', id)
      const deleted = await tx.deleteFrom('label').where('id', '=', id).executeTakeFirst()
      if (deleted.numDeletedRows === 0n) throw labelUnknown(id)
      await this.#events.record(tx, actor, { type: 'delete_label', ...eventFacts(id, name, projectId) })
    })
  }

  /**
   * Puts a label on an artifact of a project in which the caller may do that.
   * @throws DomainError LABEL_UNKNOWN also for one of another project, CONFLICT when the artifact has it, MANIFEST_UNKNOWN,
   *   UNAUTHENTICATED, FORBIDDEN
   */
  async addToArtifact(actor: Actor, artifact: LabelledArtifact, labelId: number): Promise<void> {
    if (await this.ensureOnArtifact(actor, artifact, labelId)) return
    throw new DomainError('CONFLICT', `the artifact has label ${labelId} already`)
  }

  /** The same where it may be there already. Returns whether it was added. @throws as `addToArtifact`, but for CONFLICT */
  async ensureOnArtifact(actor: Actor, artifact: LabelledArtifact, labelId: number): Promise<boolean> {
    return await this.#database.write(async (tx) => {
      await this.#assertMayLabel(tx, actor, 'create', artifact)
      const label = await this.#usable(tx, artifact.projectId, labelId)
      const added = await tx
        .insertInto('artifact_label')
        .values({ artifact_id: artifact.id, label_id: labelId })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      if (added.numInsertedOrUpdatedRows === 0n) return false
      const facts = { ...artifactFacts(artifact), label: label.name }
      await this.#events.record(tx, actor, { type: 'add_artifact_label', ...facts })
      return true
    })
  }

  /** @throws DomainError LABEL_UNKNOWN also when the artifact does not have it, UNAUTHENTICATED, FORBIDDEN */
  async removeFromArtifact(actor: Actor, artifact: LabelledArtifact, labelId: number): Promise<void> {
    if (!(await this.ensureNotOnArtifact(actor, artifact, labelId))) throw labelUnknown(labelId)
  }

  /** The same where it may be gone already. Returns whether it was there. @throws DomainError LABEL_UNKNOWN, FORBIDDEN */
  async ensureNotOnArtifact(actor: Actor, artifact: LabelledArtifact, labelId: number): Promise<boolean> {
    return await this.#database.write(async (tx) => {
      await this.#assertMayLabel(tx, actor, 'delete', artifact)
      const label = await this.#usable(tx, artifact.projectId, labelId)
      const removed = await tx
        .deleteFrom('artifact_label')
        .where('artifact_id', '=', artifact.id)
        .where('label_id', '=', labelId)
        .executeTakeFirst()
      if (removed.numDeletedRows === 0n) return false
      const facts = { ...artifactFacts(artifact), label: label.name }
      await this.#events.record(tx, actor, { type: 'remove_artifact_label', ...facts })
      return true
    })
  }

  /** As the actor is at this moment, on an artifact that stays until the commit. */
  async #assertMayLabel(
    tx: Writer,
    actor: Actor,
    action: 'create' | 'delete',
    { id, projectId, repository, digest }: LabelledArtifact,
  ): Promise<void> {
    const asker = await currentActor(tx, actor, this.#clock.now())
    const access = await findProjectAccessById({ read: tx }, asker, projectId)
    assertCanInProject(asker, `artifact-label:${action}`, access, projectOf(repository as RepositoryName))
    const artifact = tx.selectFrom('artifact').select('id').where('id', '=', id)
    if ((await lockRowsShared(this.#database, artifact).executeTakeFirst()) === undefined)
      throw new DomainError('MANIFEST_UNKNOWN', `${repository} has no manifest ${digest}`)
  }

  async #usable(reader: Reader, projectId: number, labelId: number): Promise<Label> {
    const row = await reader.selectFrom('label').selectAll().where('id', '=', labelId).executeTakeFirst()
    if (row === undefined || (row.project_id !== null && row.project_id !== projectId)) throw labelUnknown(labelId)
    return labelOf(row)
  }

  /** In the transaction of a change: as the actor is at this moment. */
  async #findAsNow(tx: Writer, actor: Actor, action: 'update' | 'delete', id: number): Promise<Label> {
    return await this.#find(tx, await currentActor(tx, actor, this.#clock.now()), action, id)
  }

  async #find(reader: Reader, actor: Actor, action: 'read' | 'update' | 'delete', id: number): Promise<Label> {
    const row = await reader.selectFrom('label').selectAll().where('id', '=', id).executeTakeFirst()
    const label = row === undefined ? undefined : labelOf(row)
    if (!(await this.#may(reader, actor, action, label))) throw refusedOn(actor, `label ${id}`, `label:${action}`)
    if (label === undefined) throw labelUnknown(id)
    return label
  }

  async #may(
    reader: Reader,
    actor: Actor,
    action: 'read' | 'update' | 'delete',
    label: Label | undefined,
  ): Promise<boolean> {
    if (label === undefined) return canEverywhere(actor, `label:${action}`)
    if (label.projectId === undefined)
      return action === 'read' ? actor.kind !== 'anonymous' : canInSystem(actor, `label:${action}`)
    return can(actor, `label:${action}`, await findProjectAccessById({ read: reader }, actor, label.projectId))
  }

  async #assertMay(
    reader: Reader,
    actor: Actor,
    action: 'create' | 'list',
    projectId: number | undefined,
  ): Promise<void> {
    if (projectId !== undefined) {
      await getProjectByIdFor(reader, actor, `label:${action}`, projectId)
    } else if (action === 'list') {
      if (actor.kind === 'anonymous') throw new DomainError('UNAUTHENTICATED', 'unauthorized')
    } else {
      assertCanInSystem(actor, `label:${action}`)
    }
  }
}

export interface LabelledArtifact {
  readonly id: number
  readonly projectId: number
  readonly repository: string
  readonly digest: Digest
}

/** Labels of each artifact, one query for all. */
export async function labelsOf(reader: Reader, artifactIds: readonly number[]): Promise<Map<number, Label[]>> {
  const found = new Map<number, Label[]>()
  if (artifactIds.length === 0) return found
  const rows = await reader
    .selectFrom('artifact_label')
    .innerJoin('label', 'label.id', 'artifact_label.label_id')
    .selectAll('label')
    .select('artifact_label.artifact_id')
    .where('artifact_label.artifact_id', 'in', artifactIds)
    .orderBy('label.name')
    .execute()
  for (const row of rows) {
    const labels = found.get(row.artifact_id) ?? []
    labels.push(labelOf(row))
    found.set(row.artifact_id, labels)
  }
  return found
}

function labelOf(row: Selectable<LabelTable>): Label {
  return {
    id: row.id,
    projectId: row.project_id ?? undefined,
    name: row.name,
    description: row.description,
    color: row.color,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function assertFields({ name, description, color }: LabelFields): void {
  if (name.trim() === '') throw new DomainError('BAD_REQUEST', 'the name of a label cannot be empty')
  if (name.length > maxNameLength)
    throw new DomainError('BAD_REQUEST', `the name of a label is too long: max length is ${maxNameLength}`)
  if (description.length > maxDescriptionLength) {
    throw new DomainError('BAD_REQUEST', `a description has ${maxDescriptionLength} characters at the most`)
  }
  // Harbor takes any text. Clients leave the # out or write a name; pages put it into a style, so it is no more than that.
  if (color !== '' && !/^#?[0-9a-zA-Z]{1,15}$/.test(color)) {
    throw new DomainError('BAD_REQUEST', 'a color is written as #1f2e3d, or as a name')
  }
}

async function unlessTaken<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new DomainError('CONFLICT', `label ${name} already exists`, { reason: 'NAME_TAKEN', cause: error })
  }
}

const labelUnknown = (id: number) => new DomainError('LABEL_UNKNOWN', `label ${id} not found`)

function eventFacts(labelId: number, label: string, projectId: number | undefined) {
  return { labelId, label, ...(projectId === undefined ? {} : { projectId }) }
}

function artifactFacts({ projectId, repository, digest }: LabelledArtifact) {
  return { projectId, repository, digest }
}

/** Those that are still there for the project: a number may be another label by now. */
export async function restoreLabels(
  tx: Writer,
  artifact: { readonly id: number; readonly projectId: number },
  labelIds: readonly number[],
): Promise<void> {
  if (labelIds.length === 0) return
  await tx
    .insertInto('artifact_label')
    .columns(['artifact_id', 'label_id'])
    .expression((eb) =>
      eb
        .selectFrom('label')
        .select((select) => [select.val(artifact.id).as('artifact_id'), 'id'])
        .where('id', 'in', labelIds)
        .where((of) => of.or([of('project_id', 'is', null), of('project_id', '=', artifact.projectId)])),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
