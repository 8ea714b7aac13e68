import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Reader } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Admission, Operation, Removing } from '../access/admission.ts'
import type { Permission } from '../access/roles/permissions.ts'
import { DomainError } from '../errors.ts'
import { assertActorCan, type ProjectAccess } from '../projects/project-access.ts'
import { isSwitchedOn } from '../projects/project-metadata.ts'
import { assertRoom } from '../quotas/room.ts'
import { isReadOnly } from '../settings/read-only.ts'
import { assertTagsMutable, type TagDeparture } from './tag-immutability.ts'
import { assertTagsMovable } from './tag-protection.ts'

/**
 * Decides one question by what it reads. Returns to let pass, throws to refuse; whatever it throws is a refusal, so a
 * gate that cannot read its data refuses.
 */
export type Gate<Context> = (context: Context) => Promise<void>

interface GateContext {
  /** The database, or the transaction that would do what is asked for. */
  readonly reader: Reader
}

/** Who wants to do what, and where. */
export interface DoorContext extends GateContext {
  readonly actor: Actor
  readonly repositoryName: RepositoryName
  /** The project and what the actor is in it; undefined when there is no such project. */
  readonly access: ProjectAccess | undefined
  readonly settings: RegistrySettings
}

/** What is stored, named or served. */
export interface ContentContext extends GateContext {
  readonly admission: Admission
  readonly kind: 'manifest' | 'blob'
  readonly digest: string
  /** What the usage of the project is about to grow by; 0 where nothing comes in. */
  readonly addedBytes: number
  /** The manifest that a reader is about to get; undefined for blobs, and for content that comes in. */
  readonly leaving?: LeavingManifest
}

/** A manifest, with what decides whether it may leave. */
export interface LeavingManifest {
  readonly manifest: JudgedManifest
  /** Whether the project has a policy at all, read together with the manifest (`governs`). */
  readonly isGoverned: boolean
  /** Whether it waits, since its push, for what policies want; read together with the manifest too. */
  readonly isQuarantined: boolean
  readonly judge: PullJudge
}

export interface JudgedManifest {
  readonly artifactId: number
  readonly digest: Digest
  readonly mediaType: string
  readonly bytes: Uint8Array
}

/** Judges manifests by what is known of them: scans, signatures. It lies above those nouns, in domain/pull-policies and domain/quarantine. */
export interface PullJudge {
  /** @throws DomainError POLICY_VIOLATION */
  assertMayLeave(admission: Admission, manifest: JudgedManifest): Promise<void>
  /** Of one that is in quarantine. @throws DomainError POLICY_VIOLATION, except to those who may handle it */
  assertOutOfQuarantine(admission: Admission, manifest: JudgedManifest): Promise<void>
}

/** Names that are about to leave the artifact that they name, or to name one. */
export interface TagContext extends GateContext {
  readonly projectId: number
  readonly repositoryName: RepositoryName
  /** Those that leave their artifact. */
  readonly tags: readonly string[]
  readonly departure: TagDeparture
  /** Those that name another artifact from now on, new ones among them. */
  readonly arriving?: readonly string[]
  readonly actor: Actor
  readonly now: number
}

/** What is configured where the registry is started. */
export interface RegistrySettings {
  /** Fixed there; an administrator can make a registry read only while it runs, too. */
  readonly readOnly: boolean
  readonly deleteEnabled: boolean
}

/** One that needs to know nothing but how the registry is set. */
type RegistryGate = Gate<Pick<DoorContext, 'settings' | 'reader'>>

const registryIsWritable: RegistryGate = async ({ reader, settings }) => {
  if (settings.readOnly || (await isReadOnly(reader))) {
    throw new DomainError('READ_ONLY', 'The system is in read only mode. Any modification is prohibited.')
  }
}

const deletesAreEnabled: RegistryGate = async ({ settings }) => {
  if (!settings.deleteEnabled) {
    throw new DomainError(
      'DELETE_DISABLED',
      'deleting is switched off on this registry; an administrator can enable it',
    )
  }
}

const actorMay =
  (permission: Permission): Gate<DoorContext> =>
  async ({ actor, repositoryName, access }) =>
    assertActorCan(actor, permission, repositoryName, access)

/** Harbor's sentence for everybody, administrators too: what a cache holds is what its upstream has. */
const projectTakesPushes: Gate<DoorContext> = async ({ access }) => {
  if (access?.project.registryId === undefined) return
  const { name } = access.project
  throw new DomainError('PROXY_PROJECT', `can not push artifact to a proxy project: ${name}`)
}

/** The same for what Harbor's API makes out of content that is here. */
const projectIsNoProxy: Gate<DoorContext> = async ({ access }) => {
  if (access?.project.registryId === undefined) return
  throw new DomainError(
    'PROXY_UNSUPPORTED',
    `the operation isn't supported for a proxy cache project: ${access.project.name}`,
  )
}

const roomIsLeft: Gate<ContentContext> = async ({ reader, admission, ...arrival }) =>
  await assertRoom(reader, admission, arrival)

const tagsAreMutable: Gate<TagContext> = async ({ reader, tags, ...where }) =>
  await assertTagsMutable(reader, where, tags)

const tagsAreMovable: Gate<TagContext> = async ({ reader, tags, arriving = [], ...move }) =>
  await assertTagsMovable(reader, move, [...new Set([...tags, ...arriving])])

const isOutOfQuarantine: Gate<ContentContext> = async ({ admission, kind, leaving }) => {
  if (kind === 'blob') return
  const { isQuarantined, judge, manifest } = known(leaving)
  if (isQuarantined) await judge.assertOutOfQuarantine(admission, manifest)
}

/** Those who may handle what is in quarantine look at what policies do not let out yet. */
const policiesAllow: Gate<ContentContext> = async ({ admission, kind, leaving }) => {
  if (kind === 'blob') return
  const { isGoverned, isQuarantined, judge, manifest } = known(leaving)
  if (isGoverned && !isQuarantined) await judge.assertMayLeave(admission, manifest)
}

function known(leaving: LeavingManifest | undefined): LeavingManifest {
  if (leaving === undefined) throw new TypeError('a manifest is about to leave, and nothing is known of it')
  return leaving
}

const mayLeave: Gate<DoorContext> = async ({ reader, access }) => {
  if (access === undefined || !(await isSwitchedOn(reader, access.project.id, 'must_not_leave'))) return
  throw new DomainError(
    'POLICY_VIOLATION',
    `project ${access.project.name} must not leave this registry: nothing of it is replicated while must_not_leave is set`,
  )
}

/** What has nothing to do with who asks. */
const removals: readonly RegistryGate[] = [deletesAreEnabled, registryIsWritable]

/**
 * Every gate of the registry, in three lists, one for each moment at which something can be refused; every door goes
 * through them (invariant 5). A list is asked in its order.
 */
export const gates = {
  /**
   * Who and where: at the door, and again in the transaction that acknowledges (`Admission.confirm`). Authorisation
   * stands first: nobody learns a setting of a project they may not see. Each operation asks for the one permission that
   * Harbor asks for, so that a robot needs no more than its own.
   */
  door: {
    pull: [actorMay('repository:pull')],
    'copy-from': [actorMay('artifact:read')],
    replicate: [actorMay('repository:pull'), mayLeave],
    'read-artifact': [actorMay('artifact:read')],
    'read-addition': [actorMay('artifact-addition:read')],
    push: [actorMay('repository:push'), projectTakesPushes, registryIsWritable],
    copy: [actorMay('artifact:create'), projectIsNoProxy, registryIsWritable],
    fill: [actorMay('repository:pull'), registryIsWritable],
    tag: [actorMay('tag:create'), projectIsNoProxy, registryIsWritable],
    delete: [actorMay('artifact:delete'), ...removals],
    untag: [actorMay('tag:delete'), ...removals],
    'delete-repository': [actorMay('repository:delete'), ...removals],
  } satisfies Record<Operation, readonly Gate<DoorContext>[]>,
  /** What: once the manifest or the blob is known. */
  content: {
    pull: [isOutOfQuarantine, policiesAllow],
    'copy-from': [isOutOfQuarantine, policiesAllow],
    replicate: [isOutOfQuarantine, policiesAllow],
    'read-artifact': [],
    'read-addition': [],
    push: [roomIsLeft],
    copy: [roomIsLeft],
    fill: [roomIsLeft],
    tag: [roomIsLeft],
  } as Readonly<Record<Exclude<Operation, Removing>, readonly Gate<ContentContext>[]>>,
  /** Which name: before a tag leaves its artifact, or names one. */
  tag: [tagsAreMutable, tagsAreMovable] as readonly Gate<TagContext>[],
} as const

/** Asks a list. @throws DomainError of the first gate that refuses */
export async function pass<Context>(list: readonly Gate<Context>[], context: Context): Promise<void> {
  for (const gate of list) await gate(context)
}

/** The same where a refusal only means that something stays. @throws what is thrown besides PRECONDITION */
export async function passes<Context>(list: readonly Gate<Context>[], context: Context): Promise<boolean> {
  try {
    await pass(list, context)
    return true
  } catch (error) {
    if (error instanceof DomainError && error.code === 'PRECONDITION') return false
    throw error
  }
}

/** For removals that concern no repository, and for who only wants to know. @throws DomainError DELETE_DISABLED, READ_ONLY */
export async function assertRemovalsPossible(reader: Reader, settings: RegistrySettings): Promise<void> {
  await pass(removals, { reader, settings })
}
