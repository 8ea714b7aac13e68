import type { Digest } from '#contract/digest.ts'
import type { Selectable } from 'kysely'
import type { Reader, Writer } from '../../database/database.ts'
import type { ArtifactSignatureTable } from '../../database/schema/signatures.ts'
import type { SignatureEntry } from './signature-manifests.ts'
import type { Certificate } from './verification/certificates.ts'
import type { Judgement } from './verification/judge.ts'
import type { Refusal } from './verification/refusals.ts'
import type { SignatureMethod } from './verdicts.ts'

/** A certificate of the chain, for a person to read. */
export interface ShownCertificate {
  readonly subject: string
  readonly issuer: string
  readonly fingerprint: string
  readonly notBefore: number
  readonly notAfter: number
}

/** A signature of an artifact as it was judged last. */
export interface RecordedSignature {
  readonly subject: Digest
  /** Of the manifest that holds it. */
  readonly digest: Digest
  readonly position: number
  readonly method: SignatureMethod
  readonly format: string
  readonly state: Judgement['state']
  readonly refusal: Refusal | undefined
  readonly detail: string | undefined
  readonly signer: { readonly id: number; readonly name: string } | undefined
  readonly identity: string | undefined
  readonly issuer: string | undefined
  readonly certificates: readonly ShownCertificate[]
  readonly timestamp: { readonly at: number; readonly by: string } | undefined
  readonly validUntil: number | undefined
  readonly predicateType: string | undefined
  readonly checkedAt: number
}

export interface JudgedEntry {
  readonly entry: Pick<SignatureEntry, 'position' | 'method' | 'format'>
  readonly judgement: Judgement
}

const shownLength = 1024
const shown = (text: string | undefined): string | null => text?.slice(0, shownLength) ?? null

/** Replaces what was known of the signatures in one manifest over one subject. */
export async function recordSignatures(
  tx: Writer,
  place: { readonly repositoryId: number; readonly subject: Digest; readonly digest: Digest },
  judged: readonly JudgedEntry[],
  { trust, now }: { readonly trust: string; readonly now: number },
): Promise<void> {
  const { repositoryId, subject, digest } = place
  await tx
    .deleteFrom('artifact_signature')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', subject)
    .where('signature_digest', '=', digest)
    .execute()
  for (const { entry, judgement } of judged) {
    await tx
      .insertInto('artifact_signature')
      .values({
        repository_id: repositoryId,
        subject_digest: subject,
        signature_digest: digest,
        position: entry.position,
        method: entry.method,
        format: entry.format,
        state: judgement.state,
        refusal: judgement.refusal ?? null,
        detail: shown(judgement.detail),
        signer_id: judgement.signer?.id ?? null,
        signer_name: judgement.signer?.name ?? null,
        identity: shown(judgement.identity),
        issuer: shown(judgement.issuer),
        certificates: JSON.stringify(judgement.certificates.map(presentCertificate)),
        stamped_at: judgement.timestamp?.at ?? null,
        stamped_by: shown(judgement.timestamp?.by),
        valid_until: judgement.validUntil ?? null,
        predicate_type: shown(judgement.predicateType),
        trust,
        checked_at: now,
      })
      .execute()
  }
}

const presentCertificate = ({
  subjectText,
  issuerText,
  fingerprint,
  notBefore,
  notAfter,
}: Certificate): ShownCertificate => ({
  subject: subjectText.slice(0, shownLength),
  issuer: issuerText.slice(0, shownLength),
  fingerprint,
  notBefore,
  notAfter,
})

/** Of each manifest the best signature over the subject, by the digest of the manifest: what a list has room for. */
export async function bestSignaturesIn(
  reader: Reader,
  { repositoryId, subject }: { readonly repositoryId: number; readonly subject: Digest },
  manifests: readonly Digest[],
): Promise<ReadonlyMap<string, RecordedSignature>> {
  if (manifests.length === 0) return new Map()
  const rows = await reader
    .selectFrom((eb) =>
      eb
        .selectFrom('artifact_signature')
        .selectAll()
        .select((select) =>
          select.fn
            .agg<number>('row_number')
            .over((over) => over.partitionBy('signature_digest').orderBy('state', 'desc').orderBy('position'))
            .as('place'),
        )
        .where('repository_id', '=', repositoryId)
        .where('subject_digest', '=', subject)
        .where('signature_digest', 'in', manifests)
        .as('placed'),
    )
    .selectAll()
    .where('placed.place', '=', 1)
    .execute()
  return new Map(rows.map((row) => [row.signature_digest, signatureOf(row)]))
}

export interface SignatureStanding {
  readonly state: Judgement['state']
  readonly signer: string | undefined
}

/** Of manifests that hold signatures, whatever they sign: the best verdict in each, by its digest. */
export async function signatureStandings(
  reader: Reader,
  repositoryId: number,
  manifests: readonly Digest[],
): Promise<ReadonlyMap<string, SignatureStanding>> {
  if (manifests.length === 0) return new Map()
  const rows = await reader
    .selectFrom('artifact_signature')
    .select(['signature_digest', 'state', 'signer_name'])
    .where('repository_id', '=', repositoryId)
    .where('signature_digest', 'in', manifests)
    // The last of each counts: states are ordered as words, and `verified` is the last of them.
    .orderBy('state')
    .orderBy('position', 'desc')
    .execute()
  return new Map(
    rows.map((row) => [row.signature_digest, { state: row.state, signer: row.signer_name ?? undefined }] as const),
  )
}

/** A page of the signatures of an artifact: those that count first, then in the order of their manifests. */
export async function pageSignatures(
  reader: Reader,
  { repositoryId, digest }: { readonly repositoryId: number; readonly digest: Digest },
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<{ readonly rows: readonly RecordedSignature[]; readonly total: number }> {
  const all = reader
    .selectFrom('artifact_signature')
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', digest)
  const { total } = await all.select((eb) => eb.fn.countAll<number | string>().as('total')).executeTakeFirstOrThrow()
  const rows = await all
    .selectAll()
    // verified, untrusted, unnamed, refused: by the alphabet backwards, with unnamed and untrusted side by side.
    .orderBy('state', 'desc')
    .orderBy('signature_digest')
    .orderBy('position')
    .limit(limit)
    .offset(offset)
    .execute()
  return { rows: rows.map(signatureOf), total: Number(total) }
}

function signatureOf(row: Selectable<ArtifactSignatureTable>): RecordedSignature {
  return {
    subject: row.subject_digest as Digest,
    digest: row.signature_digest as Digest,
    position: row.position,
    method: row.method,
    format: row.format,
    state: row.state,
    refusal: (row.refusal ?? undefined) as Refusal | undefined,
    detail: row.detail ?? undefined,
    signer: row.signer_id === null ? undefined : { id: row.signer_id, name: row.signer_name ?? '' },
    identity: row.identity ?? undefined,
    issuer: row.issuer ?? undefined,
    certificates: JSON.parse(row.certificates) as ShownCertificate[],
    timestamp: row.stamped_at === null ? undefined : { at: row.stamped_at, by: row.stamped_by ?? '' },
    validUntil: row.valid_until ?? undefined,
    predicateType: row.predicate_type ?? undefined,
    checkedAt: row.checked_at,
  }
}
