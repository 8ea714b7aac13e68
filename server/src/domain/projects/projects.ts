import type { Selectable } from 'kysely'
import { parseProjectName } from '#contract/repository-name.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { ProjectTable } from '../../database/schema/projects.ts'
import { lockRows } from '../../database/locking.ts'
import { isForeignKeyViolation } from '../../database/violations.ts'
import { isSystemAdministrator, limitsOf, type Actor } from '../access/actor.ts'
import { assertCanInProject, assertCanInSystem, can, canInSystem } from '../access/roles/authorise.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCovers, rightsInProject } from '../access/roles/covers.ts'
import { publicProjectPermissions, roleIds, type Permission } from '../access/roles/permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { assertMayCreateProject, ownerOf } from './creation-rules.ts'
import { deleteEmptyRepositories } from './empty-repositories.ts'
import type { Settings } from '../settings/settings.ts'
import { lockAllowlist, writeCveAllowlist } from './cve-allowlist.ts'
import { findProjectAccess, type ProjectAccess } from './project-access.ts'
import {
  parseMetadataValue,
  readMetadata,
  deleteMetadataKey,
  writeMetadata,
  type MetadataKey,
  type ProjectMetadata,
} from './project-metadata.ts'
import { listedTo } from './project-visibility.ts'
import { assertMirrors } from './mirrored-hosts.ts'
import { assertFilterKindFree, assertFits, ofKind } from './proxy-settings.ts'

export interface Project {
  readonly id: number
  readonly name: string
  readonly public: boolean
  readonly ownerId: number | undefined
  readonly registryId: number | undefined
  readonly createdAt: number
  readonly updatedAt: number
}

export interface NewProject {
  readonly name: string
  readonly public: boolean
  /** Username of the first project admin; the actor when they are a user and nobody is named. */
  readonly owner?: string
  readonly metadata?: ProjectMetadata
  /** The remote registry that it is to be a cache of; for system administrators. */
  readonly registryId?: number | undefined
  /** Bytes, -1 for no limit; for who may set limits. The registry's standard when left out. */
  readonly storageLimit?: number
}

/** Changes of a project; absent properties stay. */
export interface ProjectChange {
  readonly public?: boolean
  readonly metadata?: ProjectMetadata
  readonly cveAllowlist?: { readonly cveIds: readonly string[]; readonly expiresAt: number | undefined }
}

export interface ProjectsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  /** Reserve the creation of projects to administrators, or not; without them every account may. */
  readonly settings?: Pick<Settings, 'getSettings'>
}

const self: Actor = { kind: 'system', name: 'installation' }

/** The projects themselves; members.ts has their members. */
export class Projects {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #settings: ProjectsOptions['settings']

  constructor({ database, clock, events, settings }: ProjectsOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#settings = settings
  }

  /**
   * Any user may create projects unless the settings reserve it to administrators; only they may name another owner.
   * @throws DomainError CONFLICT, USER_UNKNOWN (owner), REGISTRY_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   * @throws ContractError NAME_INVALID
   */
  async createProject(actor: Actor, project: NewProject): Promise<Project> {
    assertMayCreateProject(actor, project)
    if (!(await this.#isCreationFree(actor))) throw new DomainError('FORBIDDEN', 'Only system admin can create project')
    const name = parseProjectName(project.name)
    const { registryId } = project
    const metadata = ofKind(parseMetadata(project.metadata ?? {}), {}, registryId !== undefined)
    if (project.storageLimit !== undefined) assertCanInSystem(actor, 'quota:update')
    const standardLimit = (await this.#settings?.getSettings())?.storage_per_project ?? -1
    return await this.#database.write(async (tx) => {
      // They become its administrator, by the account that they have now.
      assertMayCreateProject(await currentActor(tx, actor, this.#clock.now()), project)
      if (registryId !== undefined) await assertRegistry(tx, registryId)
      const ownerId = await ownerOf(tx, actor, project.owner)
      const storageLimit = project.storageLimit ?? standardLimit
      const created = await this.#insertProject(
        tx,
        actor,
        { name, public: project.public, storageLimit, registryId },
        ownerId,
      )
      if (created === undefined)
        throw new DomainError('CONFLICT', `The project named ${name} already exists`, { reason: 'NAME_TAKEN' })
      await assertMirrors(tx, actor, created.id, metadata)
      await writeMetadata(tx, created.id, metadata)
      return created
    })
  }

  /** Idempotent: the project that names without one lie in. Belongs to the first administrator. */
  async ensureDefaultProject(name: string, isPublic: boolean): Promise<void> {
    parseProjectName(name)
    const existing = await findAccess(this.#database.read, self, name)
    if (existing !== undefined) return
    await this.#database.write(async (tx) => {
      const administrator = await tx
        .selectFrom('user_account')
        .select('id')
        .where('admin', '=', 1)
        .orderBy('id')
        .limit(1)
        .executeTakeFirst()
      await this.#insertProject(tx, self, { name, public: isPublic, storageLimit: -1 }, administrator?.id)
    })
  }

  /** Undefined also when the actor may not see it. */
  async findProject(actor: Actor, name: string): Promise<Project | undefined> {
    const access = await findAccess(this.#database.read, actor, name)
    if (access === undefined || !can(actor, 'project:read', access)) return undefined
    const row = await this.#database.read
      .selectFrom('project')
      .selectAll()
      .where('id', '=', access.project.id)
      .executeTakeFirst()
    return row === undefined ? undefined : projectOf(row)
  }

  /** Whether the name is taken, as far as the actor may know: they may create projects, or see that one. */
  async isNameTakenFor(actor: Actor, name: string): Promise<boolean> {
    const mayCreate =
      actor.kind === 'robot'
        ? canInSystem(actor, 'project:create')
        : limitsOf(actor) === undefined && (await this.#isCreationFree(actor))
    return mayCreate ? await this.isNameTaken(name) : (await this.findProject(actor, name)) !== undefined
  }

  /** Whether a project could not be created under that name. */
  async isNameTaken(name: string): Promise<boolean> {
    const row = await this.#database.read.selectFrom('project').select('id').where('name', '=', name).executeTakeFirst()
    return row !== undefined
  }

  /** One page of what the actor may see, by name, from the name behind `after`; `next` when there are more. */
  async listProjects(
    actor: Actor,
    { after, limit }: { after?: string | undefined; limit: number },
  ): Promise<{ projects: Project[]; next?: string }> {
    const query = this.#database.read
      .selectFrom('project')
      .selectAll()
      .where('name', '>', after ?? '')
      .where(listedTo(actor))
      .orderBy('name')
      .limit(limit + 1)
    const rows = await query.execute()
    const projects = rows.slice(0, limit).map(projectOf)
    const last = projects.at(-1)
    return rows.length > limit && last !== undefined ? { projects, next: last.name } : { projects }
  }

  /** @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async setPublic(actor: Actor, name: string, isPublic: boolean): Promise<void> {
    await this.updateProject(actor, name, { public: isPublic })
  }

  /** @throws DomainError BAD_REQUEST, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async updateProject(actor: Actor, name: string, change: ProjectChange): Promise<void> {
    const metadata = parseMetadata(change.metadata ?? {})
    await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, actor, 'project:update', name)
      const { id, registryId } = access.project
      const fitting = ofKind(metadata, await readMetadataOf(tx, id), registryId !== undefined)
      await assertMirrors(tx, actor, id, fitting)
      const changed: string[] = Object.keys(fitting)
      await writeMetadata(tx, id, fitting)
      if (change.cveAllowlist !== undefined) {
        changed.push('cve_allowlist')
        await lockAllowlist(this.#database, tx, id)
        await writeCveAllowlist(tx, id, change.cveAllowlist, this.#clock.now())
      }
      if (change.public !== undefined && change.public !== access.project.public) changed.push('public')
      await this.#touch(tx, actor, access, changed, change.public)
    })
  }

  /**
   * Says one thing about a project that was not said before; as a change when `replace`.
   * @throws DomainError CONFLICT (without `replace`) when it was, BAD_REQUEST, PROJECT_UNKNOWN, FORBIDDEN
   */
  async setMetadata(actor: Actor, name: string, [key, value]: [MetadataKey, string], replace: boolean): Promise<void> {
    const parsed = parseMetadataValue(key, value)
    await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, actor, replace ? 'metadata:update' : 'metadata:create', name)
      const stored = await readMetadataOf(tx, access.project.id)
      if (!replace && (key === 'public' || stored[key] !== undefined)) {
        throw new DomainError('CONFLICT', `project ${name} has a value for ${key} already`)
      }
      assertFits(access.project, [key, parsed], stored)
      await assertMirrors(tx, actor, access.project.id, { [key]: parsed })
      await writeMetadata(tx, access.project.id, { [key]: parsed })
      await this.#touch(tx, actor, access, [key], key === 'public' ? parsed === 'true' : undefined)
    })
  }

  /** Idempotent. Without its `public` a project is private. @throws DomainError PROJECT_UNKNOWN, FORBIDDEN */
  async deleteMetadata(actor: Actor, name: string, key: MetadataKey): Promise<void> {
    if (key === 'retention_id') throw new DomainError('BAD_REQUEST', 'retention_id goes with the retention policy')
    await this.#database.write(async (tx) => {
      const access = await getProjectFor(tx, actor, 'metadata:delete', name)
      if (key === 'proxy_cache_filter_kind') assertFilterKindFree(await readMetadataOf(tx, access.project.id))
      if (key === 'proxy_mirror_of') await assertMirrors(tx, actor, access.project.id, { [key]: '' })
      await deleteMetadataKey(tx, access.project.id, key)
      await this.#touch(tx, actor, access, [key], key === 'public' ? false : undefined)
    })
  }

  async #touch(
    tx: Writer,
    actor: Actor,
    access: ProjectAccess,
    changed: readonly string[],
    isPublic: boolean | undefined,
  ): Promise<void> {
    if (changed.length === 0) return
    const { project } = access
    const now = this.#clock.now()
    // A public project gives its readers' rights to every client, so the actor must have them.
    if (isPublic === true && !project.public) {
      const asker = await currentActor(tx, actor, now)
      assertCovers(asker, rightsInProject(project.id, publicProjectPermissions), [access], 'a public project')
    }
    await tx
      .updateTable('project')
      .set({ updated_at: now, ...(isPublic === undefined ? {} : { public: isPublic ? 1 : 0 }) })
      .where('id', '=', project.id)
      .execute()
    await this.#events.record(tx, actor, {
      type: 'update_project',
      projectId: project.id,
      project: project.name,
      changed,
      ...(isPublic === undefined ? {} : { public: isPublic }),
    })
  }

  /** @throws DomainError PRECONDITION while it has repositories, PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async deleteProject(actor: Actor, name: string): Promise<void> {
    try {
      await this.#database.write(async (tx) => {
        const { project } = await getProjectFor(tx, actor, 'project:delete', name)
        await this.#deleteItsRepositories(tx, project)
        await tx.deleteFrom('project').where('id', '=', project.id).execute()
        await this.#events.record(tx, actor, { type: 'delete_project', projectId: project.id, project: name })
      })
    } catch (error) {
      // A first push made a repository between the check and the delete.
      if (isForeignKeyViolation(error)) throw notEmpty(name, error)
      throw error
    }
  }

  /** Deletes repositories without content. @throws DomainError PRECONDITION when others are left */
  async #deleteItsRepositories(
    tx: Writer,
    { id, name }: { readonly id: number; readonly name: string },
  ): Promise<void> {
    const own = tx.selectFrom('repository').select('id').where('project_id', '=', id)
    const filled = tx.selectFrom('artifact').select('id').where('repository_id', 'in', own).limit(1)
    if ((await filled.executeTakeFirst()) !== undefined) throw notEmpty(name)
    // The lock keeps pushes out from here on, and the next statement sees the pushes before it.
    await lockRows(this.#database, own).execute()
    await deleteEmptyRepositories(tx, id, this.#clock.now())
    if ((await own.limit(1).executeTakeFirst()) !== undefined) throw notEmpty(name)
  }

  async #isCreationFree(actor: Actor): Promise<boolean> {
    // An administrator gave the robot the right to create projects.
    if (isSystemAdministrator(actor) || actor.kind === 'robot' || this.#settings === undefined) return true
    return (await this.#settings.getSettings()).project_creation_restriction === 'everyone'
  }

  async #insertProject(
    tx: Writer,
    actor: Actor,
    project: { name: string; public: boolean; storageLimit: number; registryId?: number | undefined },
    ownerId: number | undefined,
  ): Promise<Project | undefined> {
    const now = this.#clock.now()
    const row = await tx
      .insertInto('project')
      .values({
        name: project.name,
        owner_id: ownerId ?? null,
        public: project.public ? 1 : 0,
        registry_id: project.registryId ?? null,
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row === undefined) return undefined
    await tx
      .insertInto('quota')
      .values({ project_id: row.id, hard_bytes: project.storageLimit, updated_at: now })
      .execute()
    if (ownerId !== undefined) {
      await tx
        .insertInto('project_member')
        .values({
          project_id: row.id,
          entity_type: 'user',
          entity_id: ownerId,
          role_id: roleIds.projectAdmin,
          created_at: now,
        })
        .execute()
    }
    await this.#events.record(tx, actor, {
      type: 'create_project',
      projectId: row.id,
      project: row.name,
      public: project.public,
      ...(project.registryId === undefined ? {} : { registryId: project.registryId }),
    })
    return projectOf(row)
  }
}

/**
 * The project and what the actor is in it, when they have the permission.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN; PROJECT_UNKNOWN only for actors that may know it
 */
export async function getProjectFor(
  reader: Reader,
  actor: Actor,
  permission: Permission,
  name: string,
): Promise<ProjectAccess> {
  const access = await findAccess(reader, actor, name)
  assertCanInProject(actor, permission, access, name)
  if (access === undefined) throw new DomainError('PROJECT_UNKNOWN', `there is no project ${name}`)
  return access
}

const findAccess = (reader: Reader, actor: Actor, name: string) => findProjectAccess({ read: reader }, actor, name)

const readMetadataOf = async (reader: Reader, projectId: number): Promise<ProjectMetadata> =>
  (await readMetadata(reader, [projectId])).get(projectId) ?? {}

function parseMetadata(metadata: ProjectMetadata): ProjectMetadata {
  const entries = Object.entries(metadata) as [MetadataKey, string][]
  return Object.fromEntries(entries.map(([key, value]) => [key, parseMetadataValue(key, value)]))
}

/** @throws DomainError REGISTRY_UNKNOWN */
async function assertRegistry(reader: Reader, id: number): Promise<void> {
  const row = await reader.selectFrom('registry').select('id').where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new DomainError('REGISTRY_UNKNOWN', `registry ${id} not found`)
}

function notEmpty(name: string, cause?: unknown): DomainError {
  const message = `the project contains repositories, can not be deleted: delete those of ${name}, and let uploads under way end`
  return new DomainError('PRECONDITION', message, { cause })
}

function projectOf(row: Selectable<ProjectTable>): Project {
  return {
    id: row.id,
    name: row.name,
    public: row.public === 1,
    ownerId: row.owner_id ?? undefined,
    registryId: row.registry_id ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
