import { ContractError } from '#contract/contract-error.ts'
import type { Digest } from '#contract/digest.ts'
import { parseManifest, type Descriptor } from '#contract/manifest.ts'
import { mediaTypes } from '#contract/media-types.ts'
import { parseTagName } from '#contract/reference.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import type { ContentServices } from '../artifacts/content-services.ts'
import { storeMade } from '../artifacts/store-made.ts'
import { DomainError } from '../errors.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { readStoredManifest } from '../signatures/signature-manifests.ts'
import type { MadeSignature, SigningSubject } from './formats/made-signature.ts'
import { makers, referrerOf, tagged, type SignatureForm } from './signature-forms.ts'
import { openSigningKey } from './signature-keys.ts'

export interface SigningServices {
  readonly content: Pick<ContentServices, 'database' | 'clock' | 'events' | 'admit' | 'uploads' | 'pushedSignatures'>
  readonly secrets: Secrets
  /** `host[:port]` by which clients know the registry. */
  readonly host: string
}

export interface SigningOrder {
  readonly projectId: number
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly keyId: number
  readonly forms: readonly SignatureForm[]
}

/** A signature that was stored. */
export interface StoredSignature {
  readonly form: SignatureForm
  /** Of the manifest that holds it. */
  readonly digest: Digest
}

/** Notes in the transaction that opens the key what its use belongs to. */
export type NoteUse = (tx: Writer, by: Actor) => Promise<{ readonly requestId?: number }>

const nothingElse: NoteUse = async () => ({})

/**
 * Signs an artifact with a key of the registry. The right, the key and the record of its use are one transaction; what is stored after
 * that passes the gates of every manifest.
 * @throws DomainError MANIFEST_UNKNOWN, SIGNATURE_KEY_UNKNOWN, PRECONDITION (the key signs no more), FORBIDDEN, and those of a push
 */
export async function signArtifact(
  services: SigningServices,
  actor: Actor,
  order: SigningOrder,
  note: NoteUse = nothingElse,
): Promise<readonly StoredSignature[]> {
  const { repositoryId, subject } = await findSubject(services, actor, order)
  const made = await makeAll(services, actor, { order, subject, note })
  const stored: StoredSignature[] = []
  for (const { form, signature } of made) {
    const digest = await store(services, actor, { repositoryId, subject, order, form, signature })
    stored.push({ form, digest })
  }
  return stored
}

async function findSubject({ content, host }: SigningServices, actor: Actor, { repository, digest }: SigningOrder) {
  const { repositoryId } = await content.admit(actor, 'fill', repository)
  const found =
    repositoryId === undefined ? undefined : await readStoredManifest(content.database.read, repositoryId, digest)
  if (found === undefined || repositoryId === undefined)
    throw new DomainError('MANIFEST_UNKNOWN', `${repository} has no manifest ${digest}`)
  const { mediaType, bytes } = found
  const subject: SigningSubject = { mediaType, digest, size: bytes.byteLength, name: `${host}/${repository}` }
  return { repositoryId, subject }
}

async function makeAll(
  { content, secrets }: SigningServices,
  actor: Actor,
  { order, subject, note }: { readonly order: SigningOrder; readonly subject: SigningSubject; readonly note: NoteUse },
) {
  const { projectId, repository, digest, keyId } = order
  const forms = [...new Set(order.forms)]
  const { database, clock, events } = content
  return await database.write(async (tx) => {
    const now = clock.now()
    const current = await currentActor(tx, actor, now)
    await getProjectByIdFor(tx, current, 'signature:create', projectId)
    const key = await openSigningKey(tx, secrets, current, { projectId, keyId })
    const noted = await note(tx, current)
    await events.record(tx, actor, {
      ...{ type: 'sign_artifact', projectId, repository, digest, keyId, key: key.name, forms, ...noted },
    })
    return forms.map((form) => ({ form, signature: makers[form](key, subject, now) }))
  })
}

interface ToStore {
  readonly repositoryId: number
  readonly subject: SigningSubject
  readonly order: SigningOrder
  readonly form: SignatureForm
  readonly signature: MadeSignature
}

async function store(services: SigningServices, actor: Actor, toStore: ToStore): Promise<Digest> {
  const { content } = services
  const { subject, form, signature, order } = toStore
  const fill = async () => await content.admit(actor, 'fill', order.repository)
  if (form !== 'cosign-tag') return await storeMade(content, fill, referrerOf(signature, subject))
  const tag = parseTagName(`${subject.digest.replace(':', '-')}.sig`)
  const known = await readTagged(services, toStore.repositoryId, tag)
  return await storeMade(content, fill, { ...tagged(signature, known), tag })
}

/** What lies under the tag, as far as it can be carried on; what cannot be read as signatures is replaced. */
async function readTagged(
  { content }: SigningServices,
  repositoryId: number,
  tag: string,
): Promise<readonly Descriptor[]> {
  const { read } = content.database
  const row = await read
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .select('artifact.digest')
    .where('tag.repository_id', '=', repositoryId)
    .where('tag.name', '=', tag)
    .executeTakeFirst()
  if (row === undefined) return []
  const found = await readStoredManifest(read, repositoryId, row.digest as Digest)
  if (found?.mediaType !== mediaTypes.ociManifest) return []
  try {
    return parseManifest(found.bytes, found.mediaType).layers
  } catch (error) {
    if (error instanceof ContractError) return []
    throw error
  }
}
