import type { Selectable } from 'kysely'
import { derivedTagsOf, type DerivedTagSuffix } from '#contract/derived-tags.ts'
import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import type { ArtifactTable } from '../../database/schema/artifacts.ts'
import { batches } from '../lists/batches.ts'
import type { Listed } from '../lists/listing.ts'

/** An artifact that belongs to another: a signature, an attestation, a bill of materials. */
export interface Accessory {
  readonly artifactId: number
  readonly repositoryId: number
  /** Whom it belongs to. */
  readonly subject: Digest
  readonly digest: Digest
  readonly size: number
  /** As Harbor calls it. */
  readonly type: string
  readonly createdAt: number
  /** The tag that says whom it belongs to; undefined where its manifest says it. */
  readonly tag: string | undefined
}

const typeOfArtifact: Readonly<Record<string, string>> = {
  'application/vnd.dev.cosign.artifact.sig.v1+json': 'signature.cosign',
  'application/vnd.dev.sigstore.bundle.v0.3+json': 'signature.cosign',
  'application/vnd.cncf.notary.signature': 'signature.notation',
  'application/vnd.goharbor.harbor.sbom.v1': 'sbom.harbor',
  'application/spdx+json': 'sbom.harbor',
  'application/vnd.cyclonedx+json': 'sbom.harbor',
}

const typeOfSuffix: Readonly<Record<DerivedTagSuffix, string>> = {
  sig: 'signature.cosign',
  att: 'subject.accessory',
  sbom: 'subject.accessory',
}

/** The names alone. */
export const accessoryTagsOf = (subject: Digest): readonly string[] => derivedTagsOf(subject).map(({ tag }) => tag)

/** Harbor's name for an artifact type that is an accessory's; undefined for others. */
export const accessoryTypeOf = (artifactType: string): string | undefined =>
  Object.hasOwn(typeOfArtifact, artifactType) ? typeOfArtifact[artifactType] : undefined

const isSignature = (type: string): boolean => type.startsWith('signature.')

const signatureTypes = Object.keys(typeOfArtifact).filter((artifactType) => isSignature(typeOfArtifact[artifactType]!))

/** How much of what belongs to a subject is asked for. */
export interface AccessoriesWanted {
  /** No more of each subject than that many. */
  readonly newest?: number
  readonly signaturesOnly?: boolean
}

/**
 * What belongs to the subjects in their repositories: by the `subject` of its manifest, and by cosign's tags
 * (`sha256-….sig`). Two queries, however many subjects there are.
 */
export async function listAccessories(
  reader: Reader,
  repositoryIds: number | readonly number[],
  subjects: readonly Digest[],
  { newest, signaturesOnly = false }: AccessoriesWanted = {},
): Promise<Accessory[]> {
  if (subjects.length === 0) return []
  const within = typeof repositoryIds === 'number' ? [repositoryIds] : repositoryIds
  const wanted = () => {
    const all = naming(reader, within, subjects)
    return signaturesOnly ? all.where('artifact_type', 'in', signatureTypes) : all
  }
  let bySubject = wanted().select(ownColumns)
  if (newest !== undefined) {
    const ranked = wanted()
      .select('id')
      .select(({ fn }) =>
        fn
          .agg<number>('row_number')
          .over((over) => over.partitionBy(['repository_id', 'subject_digest']).orderBy('id', 'desc'))
          .as('place'),
      )
      .as('ranked')
    bySubject = bySubject.where('id', 'in', (eb) =>
      eb.selectFrom(ranked).select('ranked.id').where('ranked.place', '<=', newest),
    )
  }
  const rows = await bySubject.orderBy('id').execute()
  const named = await listNamed(reader, within, subjects)
  return [...rows.map(accessoryOf), ...(signaturesOnly ? named.filter(({ type }) => isSignature(type)) : named)]
}

const accessoriesPerPage = 100
const subjectsPerQuery = 50

/** As `listAccessories`, a page in memory at a time: a subject may have a million. Ones that are pushed meanwhile come too. */
export async function* walkAccessories(
  reader: Reader,
  repositoryId: number,
  subjects: readonly Digest[],
): AsyncGenerator<Accessory> {
  for (const some of batches(subjects, subjectsPerQuery)) {
    for (let last = 0; ;) {
      const page = naming(reader, [repositoryId], some).select(ownColumns).where('id', '>', last)
      const rows = await page.orderBy('id').limit(accessoriesPerPage).execute()
      for (const row of rows) yield accessoryOf(row)
      if (rows.length < accessoriesPerPage) break
      last = rows.at(-1)!.id
    }
    yield* await listNamed(reader, [repositoryId], some)
  }
}

/** A page of what belongs to one artifact, the first pushed first. */
export async function pageAccessories(
  reader: Reader,
  { repositoryId, digest }: { readonly repositoryId: number; readonly digest: Digest },
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<Listed<Accessory>> {
  const { count } = await naming(reader, [repositoryId], [digest])
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow()
  const page = naming(reader, [repositoryId], [digest]).select(ownColumns).orderBy('id').limit(limit).offset(offset)
  const rows = (await page.execute()).map(accessoryOf)
  const named = await listNamed(reader, [repositoryId], [digest])
  const behind = Math.max(0, offset - Number(count))
  return {
    rows: [...rows, ...named.slice(behind, behind + limit - rows.length)],
    total: Number(count) + named.length,
  }
}

const ownColumns = ['id', 'repository_id', 'digest', 'size', 'artifact_type', 'subject_digest', 'pushed_at'] as const

/** Those whose manifests name one of the subjects. */
const naming = (reader: Reader, repositoryIds: readonly number[], subjects: readonly Digest[]) =>
  reader.selectFrom('artifact').where('repository_id', 'in', repositoryIds).where('subject_digest', 'in', subjects)

function accessoryOf(row: Pick<Selectable<ArtifactTable>, (typeof ownColumns)[number]>): Accessory {
  return {
    artifactId: row.id,
    repositoryId: row.repository_id,
    subject: row.subject_digest as Digest,
    digest: row.digest as Digest,
    size: Number(row.size),
    type: accessoryTypeOf(row.artifact_type) ?? 'subject.accessory',
    createdAt: row.pushed_at,
    tag: undefined,
  }
}

/** By cosign's tags alone: a few of each subject at the most. */
async function listNamed(
  reader: Reader,
  repositoryIds: readonly number[],
  subjects: readonly Digest[],
): Promise<Accessory[]> {
  const named = new Map<string, { readonly digest: Digest; readonly suffix: DerivedTagSuffix }>(
    subjects.flatMap((digest) => derivedTagsOf(digest).map(({ tag, suffix }) => [tag, { digest, suffix }] as const)),
  )
  const byTag = await reader
    .selectFrom('tag')
    .innerJoin('artifact', 'artifact.id', 'tag.artifact_id')
    .select(['artifact.id', 'artifact.digest', 'artifact.size', 'artifact.pushed_at', 'tag.name'])
    .select(['artifact.repository_id', 'artifact.subject_digest'])
    .where('tag.repository_id', 'in', repositoryIds)
    .where('tag.name', 'in', [...named.keys()])
    .orderBy('artifact.id')
    .execute()
  const found = new Map<string, Accessory>()
  for (const row of byTag) {
    const { digest: subject, suffix } = named.get(row.name)!
    const key = `${row.repository_id} ${subject} ${row.digest}`
    if (row.subject_digest === subject || found.has(key)) continue
    found.set(key, {
      artifactId: row.id,
      repositoryId: row.repository_id,
      subject,
      digest: row.digest as Digest,
      size: Number(row.size),
      type: typeOfSuffix[suffix],
      createdAt: row.pushed_at,
      tag: row.name,
    })
  }
  return [...found.values()]
}
