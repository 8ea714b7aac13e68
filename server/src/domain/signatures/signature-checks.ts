import type { Digest } from '#contract/digest.ts'
import type { Database, Reader } from '../../database/database.ts'
import type { BlobReader } from '../../storage/blob-store.ts'
import type { Clock } from '../clock.ts'
import { judgeEntry, maxBytesOf } from './judge-entry.ts'
import { readLinkedBytes } from './linked-bytes.ts'
import { recordSignatures, type JudgedEntry } from './recorded-signatures.ts'
import { settleVerdict, type SignedArtifact } from './settle-verdict.ts'
import {
  entriesOf,
  readStoredManifest,
  signatureArtifactTypes,
  signatureTagsOf,
  walkSignatureManifests,
} from './signature-manifests.ts'
import { nameOfTrust, signersFor, type TrustedSigner } from './trusted-signers.ts'
import { nothingKnown } from './verification/judge.ts'
import type { Refusal } from './verification/refusals.ts'

export interface CheckServices {
  readonly database: Database
  readonly clock: Clock
  readonly store: Pick<BlobReader, 'open'>
}

export interface CheckQuestion {
  readonly repositoryId: number
  /** What is signed, whether it is there or not. */
  readonly subject: Digest
  /** Only this one of its signatures: it is new, and the others were looked at. */
  readonly signature?: Digest | undefined
  /** What it holds is settled also where its own verdict stays: a child came, or an earlier run died before that. */
  readonly thorough?: boolean
}

export interface Checked {
  /** Manifests of signatures that were looked at; others were judged by the same signers already. */
  readonly looked: number
  /** Artifacts whose verdict is another one now: the subject, and what it holds. */
  readonly changed: number
}

/** An index may hold indexes; each has its children settled once. */
const maxSettled = 50_000
const childrenPerPage = 200
const missing: Refusal = 'content-missing'

/**
 * Looks at the signatures of one artifact and settles what they say of it and of what it holds. Signatures that were
 * judged by the same signers, and whose time is not over, stay as they are: a run that was interrupted goes on where it ended.
 */
export async function checkSignatures(
  services: CheckServices,
  question: CheckQuestion,
  signal?: AbortSignal,
): Promise<Checked> {
  const { database, clock } = services
  const { repositoryId, subject } = question
  const place = await findPlace(database.read, repositoryId)
  if (place === undefined) return { looked: 0, changed: 0 }
  const target = await readStoredManifest(database.read, repositoryId, subject)
  let looked = 0
  // Once more when whom to trust changed meanwhile: what looks at everything again may have passed before this was written down.
  for (let judgedBy: string | undefined; target !== undefined;) {
    const signers = await signersFor(database.read, place.projectId)
    const trust = nameOfTrust(signers)
    if (trust === judgedBy) break
    judgedBy = trust
    const common = {
      ...{ repositoryId, repository: place.repository, signers, trust },
      subject: { digest: subject, bytes: Buffer.from(target.bytes) },
    }
    for await (const digest of walkSignatureManifests(database.read, repositoryId, subject)) {
      signal?.throwIfAborted()
      if (question.signature !== undefined && digest !== question.signature) continue
      if (await isFresh(database.read, { repositoryId, subject, digest, trust, now: clock.now() })) continue
      await checkManifest(services, { ...common, digest })
      looked += 1
    }
  }
  await database.write((tx) => forgetRemoved(tx, repositoryId, subject))
  const artifact = { projectId: place.projectId, repositoryId, digest: subject }
  const changed = await settleAll(services, artifact, question.thorough ?? true, signal)
  return { looked, changed }
}

async function findPlace(reader: Reader, repositoryId: number) {
  const row = await reader
    .selectFrom('repository')
    .select(['project_id', 'name'])
    .where('id', '=', repositoryId)
    .executeTakeFirst()
  return row === undefined ? undefined : { projectId: row.project_id, repository: row.name }
}

interface Freshness {
  readonly repositoryId: number
  readonly subject: Digest
  readonly digest: Digest
  readonly trust: string
  readonly now: number
}

/**
 * Judged by the same signers, whole, and nothing of it has come to its end since. A signature whose bytes were not there is looked
 * at again by each look: they may have come by a mount, a copy or a repair of the store, which tell nobody.
 */
async function isFresh(reader: Reader, { repositoryId, subject, digest, trust, now }: Freshness): Promise<boolean> {
  const rows = await reader
    .selectFrom('artifact_signature')
    .select(['trust', 'refusal', 'valid_until'])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where('signature_digest', '=', digest)
    .execute()
  const stays = (row: (typeof rows)[number]): boolean =>
    row.trust === trust && row.refusal !== missing && (row.valid_until === null || row.valid_until > now)
  return rows.length > 0 && rows.every(stays)
}

interface ManifestQuestion {
  readonly repositoryId: number
  readonly repository: string
  readonly subject: { readonly digest: Digest; readonly bytes: Buffer }
  /** Of the manifest that holds the signatures. */
  readonly digest: Digest
  readonly signers: readonly TrustedSigner[]
  readonly trust: string
}

async function checkManifest({ database, clock, store }: CheckServices, question: ManifestQuestion): Promise<void> {
  const { repositoryId, repository, subject, digest, trust } = question
  const manifest = await readStoredManifest(database.read, repositoryId, digest)
  if (manifest === undefined) return
  const signers = question.signers.map(({ signer }) => signer)
  const now = clock.now()
  const judged: JudgedEntry[] = []
  for (const entry of entriesOf(manifest)) {
    const maxBytes = maxBytesOf[entry.format]
    const payload = await readLinkedBytes(
      { reader: database.read, store },
      { repositoryId, digest: entry.layer.digest, maxBytes },
    )
    judged.push({ entry, judgement: judgeEntry({ entry, payload, subject, repository, signers, now }) })
  }
  if (judged.length === 0) judged.push(nothingInIt)
  const place = { repositoryId, subject: subject.digest, digest }
  await database.write((tx) => recordSignatures(tx, place, judged, { trust, now }))
}

/** A manifest that says it holds a signature, and holds none that is known. */
const nothingInIt: JudgedEntry = {
  entry: { position: 0, method: 'cosign', format: 'unknown' },
  judgement: {
    ...nothingKnown,
    state: 'refused',
    refusal: 'unsupported-format',
    detail: 'none of its layers is a signature in a form that this registry knows',
  },
}

/** Signatures whose manifest is gone, or that cosign's tag of the subject names no more. */
async function forgetRemoved(
  tx: Parameters<Parameters<Database['write']>[0]>[0],
  repositoryId: number,
  subject: Digest,
) {
  const tags = signatureTagsOf(subject)
  await tx
    .deleteFrom('artifact_signature')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('artifact')
            .select('artifact.id')
            .whereRef('artifact.digest', '=', 'artifact_signature.signature_digest')
            .where('artifact.repository_id', '=', repositoryId)
            .where((eb) =>
              eb.or([
                eb.and([
                  eb('artifact.subject_digest', '=', subject),
                  eb('artifact.artifact_type', 'in', signatureArtifactTypes),
                ]),
                eb.exists(
                  eb
                    .selectFrom('tag')
                    .select('tag.id')
                    .whereRef('tag.artifact_id', '=', 'artifact.id')
                    .where('tag.name', 'in', tags.length === 0 ? [''] : tags),
                ),
              ]),
            ),
        ),
      ),
    )
    .execute()
}

/** The artifact, and as long as verdicts change or the look is thorough, what it holds or held: an index that is gone covers nothing any more. */
async function settleAll(
  services: CheckServices,
  first: SignedArtifact,
  thorough: boolean,
  signal?: AbortSignal,
): Promise<number> {
  const { database, clock } = services
  // A set is walked in the order in which it grows.
  const waiting = new Set<string>([first.digest])
  let changed = 0
  for (const digest of waiting) {
    signal?.throwIfAborted()
    const isChanged = await database.write((tx) => settleVerdict(database, tx, { ...first, digest }, clock.now()))
    if (isChanged) changed += 1
    // A thorough look goes on: an earlier one may have ended between an index and what lies in it.
    if (!isChanged && !thorough) continue
    for await (const child of walkCovered(database.read, first.repositoryId, digest)) {
      if (waiting.size < maxSettled) waiting.add(child)
    }
  }
  return changed
}

/** Children that the repository has, and artifacts whose verdict comes from this index. */
async function* walkCovered(reader: Reader, repositoryId: number, digest: string): AsyncGenerator<string> {
  for (let last = ''; ;) {
    const children = await reader
      .selectFrom('artifact as parent')
      .innerJoin('artifact_child', 'artifact_child.parent_id', 'parent.id')
      .innerJoin('artifact as child', 'child.id', 'artifact_child.child_id')
      .select('child.digest')
      .where('parent.repository_id', '=', repositoryId)
      .where('parent.digest', '=', digest)
      .where('child.digest', '>', last)
      .orderBy('child.digest')
      .limit(childrenPerPage)
      .execute()
    for (const child of children) yield child.digest
    if (children.length < childrenPerPage) break
    last = children.at(-1)!.digest
  }
  for (const column of ['cosign_index', 'notation_index'] as const) {
    const covered = await reader
      .selectFrom('signature_verdict')
      .select('digest')
      .where('repository_id', '=', repositoryId)
      .where(column, '=', digest)
      .limit(maxSettled)
      .execute()
    for (const row of covered) yield row.digest
  }
}
