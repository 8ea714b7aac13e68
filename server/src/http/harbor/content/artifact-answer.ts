import { z } from 'zod'
import type { Platform } from '#contract/manifest.ts'
import { kindOf, type ArtifactDetails, type ListedTag } from '../../../domain/artifacts/artifact-details.ts'
import type { Accessory } from '../../../domain/artifacts/accessories.ts'
import type { ManifestFacts } from '../../../domain/artifacts/manifest-facts.ts'
import { noTime, orNull, timeAnswer, timeOf } from '../frame/answers.ts'
import { isScannable } from '../../../domain/scanning/scannable.ts'
import { sbomOverviewAnswer } from './sbom-answer.ts'
import { overviewAnswer } from './scan-answer.ts'
import { labelAnswer, presentLabel } from './label-answer.ts'
import { presentSignature, signatureAnswer } from './signature-answer.ts'
import type { RecordedSignature } from '../../../domain/signatures/recorded-signatures.ts'

export const tagAnswer = z.object({
  id: z.number().int(),
  repository_id: z.number().int(),
  artifact_id: z.number().int(),
  name: z.string(),
  push_time: timeAnswer,
  pull_time: timeAnswer,
  immutable: z.boolean(),
})

const annotations = z.record(z.string(), z.string())

const platform = z.object({
  architecture: z.string().optional(),
  os: z.string().optional(),
  'os.version': z.string().optional(),
  'os.features': z.array(z.string()).nullable(),
  variant: z.string().optional(),
})

const reference = z.object({
  parent_id: z.number().int(),
  child_id: z.number().int(),
  child_digest: z.string(),
  platform: platform.optional(),
  annotations: annotations.optional(),
  urls: z.array(z.string()).nullable(),
})

export const accessoryAnswer = z.object({
  id: z.number().int(),
  artifact_id: z.number().int(),
  subject_artifact_id: z.number().int(),
  subject_artifact_digest: z.string(),
  subject_artifact_repo: z.string(),
  size: z.number().int(),
  digest: z.string(),
  type: z.string(),
  icon: z.string(),
  creation_time: timeAnswer,
  artifact_type: z.string().optional().describe('Beyond Harbor, in the list of one artifact: what it holds.'),
  title: z.string().optional().describe('Beyond Harbor, in the list of one artifact: the name that it gives itself.'),
  predicate_types: z.array(z.string()).optional().describe('Beyond Harbor: of an attestation, what it states.'),
  signature: signatureAnswer
    .optional()
    .describe('Beyond Harbor, in the list of one artifact: the best signature in it, as it was judged last.'),
})

export const artifactAnswer = z.object({
  id: z.number().int(),
  type: z.string(),
  media_type: z.string(),
  manifest_media_type: z.string(),
  artifact_type: z.string(),
  project_id: z.number().int(),
  repository_id: z.number().int(),
  repository_name: z.string(),
  digest: z.string(),
  size: z.number().int(),
  icon: z.string(),
  push_time: timeAnswer,
  pull_time: timeAnswer,
  annotations: annotations.optional(),
  references: z.array(reference).nullable(),
  tags: z.array(tagAnswer).nullable(),
  addition_links: z.record(z.string(), z.object({ href: z.string(), absolute: z.boolean() })),
  extra_attrs: z.record(z.string(), z.unknown()).optional(),
  labels: z.array(labelAnswer).nullable(),
  accessories: z.array(accessoryAnswer).nullable(),
  inherited_accessories: z.array(accessoryAnswer).optional(),
  scan_overview: z.record(z.string(), overviewAnswer).optional(),
  sbom_overview: sbomOverviewAnswer.optional(),
  truncated: z
    .boolean()
    .optional()
    .describe(
      'Beyond Harbor: annotations, references or tags are left out of this list; the artifact itself has them.',
    ),
})

export function presentArtifact(
  projectId: number,
  repositoryName: string,
  artifact: ArtifactDetails,
  isImmutable: IsImmutable,
): z.output<typeof artifactAnswer> {
  return {
    id: artifact.id,
    type: kindOf(artifact),
    media_type: artifact.artifactType || artifact.mediaType,
    manifest_media_type: artifact.mediaType,
    artifact_type: artifact.artifactType || artifact.mediaType,
    project_id: projectId,
    repository_id: artifact.repositoryId,
    repository_name: repositoryName,
    digest: artifact.digest,
    size: artifact.size,
    icon: '',
    push_time: timeOf(artifact.pushedAt),
    pull_time: artifact.pulledAt === undefined ? noTime : timeOf(artifact.pulledAt),
    ...(artifact.annotations === undefined ? {} : { annotations: artifact.annotations }),
    references: orNull(artifact.references.map(presentReference)),
    tags: orNull(artifact.tags.map((tag) => presentTag(artifact, tag, isImmutable))),
    addition_links: additionLinksOf(repositoryName, artifact),
    labels: orNull(artifact.labels.map(presentLabel)),
    accessories: orNull(artifact.accessories.map((each) => presentAccessory(artifact, repositoryName, each))),
    ...inheritedOf(artifact, repositoryName),
    ...(artifact.isCut ? { truncated: true } : {}),
  }
}

/** Left out where there are none, so that answers to those who did not ask stay as they were. */
function inheritedOf({ inheritedAccessories: inherited }: ArtifactDetails, repositoryName: string) {
  if (inherited.length === 0) return {}
  const shown = inherited.map((each) => presentAccessory({ id: each.subjectId }, repositoryName, each))
  return { inherited_accessories: shown }
}

/** Whether rules of the project keep a tag where it is. */
export type IsImmutable = (tag: string) => boolean

export function presentTag(
  artifact: Pick<ArtifactDetails, 'repositoryId'>,
  tag: ListedTag,
  isImmutable: IsImmutable,
): z.output<typeof tagAnswer> {
  return {
    id: tag.id,
    repository_id: artifact.repositoryId,
    artifact_id: tag.artifactId,
    name: tag.name,
    push_time: timeOf(tag.pushedAt),
    pull_time: tag.pulledAt === undefined ? noTime : timeOf(tag.pulledAt),
    immutable: isImmutable(tag.name),
  }
}

/** Where more about it is to be had; only what is there. */
function additionLinksOf(
  repositoryName: string,
  artifact: ArtifactDetails,
): z.output<typeof artifactAnswer>['addition_links'] {
  const additions = additionsOf(artifact)
  const [project = '', ...rest] = repositoryName.split('/')
  const repository = encodeURIComponent(encodeURIComponent(rest.join('/')))
  const base = `/api/v2.0/projects/${project}/repositories/${repository}/artifacts/${artifact.digest}/additions`
  // Harbor names this link, and no other one, in the plural.
  const keyOf = (name: string) => (name === 'sbom' ? 'sboms' : name)
  return Object.fromEntries(additions.map((name) => [keyOf(name), { href: `${base}/${name}`, absolute: false }]))
}

function additionsOf(artifact: ArtifactDetails): readonly string[] {
  if (kindOf(artifact) === 'CHART') return ['dependencies', 'readme.md', 'values.yaml']
  const isIndex = artifact.references.length > 0 || /index|list/.test(artifact.mediaType)
  const history = kindOf(artifact) === 'IMAGE' && !isIndex ? ['build_history'] : []
  return isScannable(artifact) ? [...history, 'vulnerabilities', 'sbom'] : history
}

function presentReference({ parentId, childId, descriptor }: ArtifactDetails['references'][number]) {
  const { digest, platform: runsOn, annotations: notes, urls } = descriptor
  return {
    parent_id: parentId,
    child_id: childId,
    child_digest: digest,
    ...(runsOn === undefined ? {} : { platform: presentPlatform(runsOn) }),
    ...(notes === undefined ? {} : { annotations: notes }),
    urls: orNull(urls ?? []),
  }
}

function presentPlatform(runsOn: Platform): z.output<typeof platform> {
  return { ...runsOn, 'os.features': orNull(runsOn['os.features'] ?? []) }
}

export function presentAccessory(
  artifact: Pick<ArtifactDetails, 'id'>,
  repositoryName: string,
  found: Accessory,
  {
    facts,
    signature,
  }: { readonly facts?: ManifestFacts | undefined; readonly signature?: RecordedSignature | undefined } = {},
): z.output<typeof accessoryAnswer> {
  return {
    id: found.artifactId,
    artifact_id: found.artifactId,
    subject_artifact_id: artifact.id,
    subject_artifact_digest: found.subject,
    subject_artifact_repo: repositoryName,
    size: found.size,
    digest: found.digest,
    type: found.type,
    icon: '',
    creation_time: timeOf(found.createdAt),
    artifact_type: facts?.contentType,
    title: facts?.title,
    predicate_types: facts === undefined || facts.predicateTypes.length === 0 ? undefined : [...facts.predicateTypes],
    signature: signature === undefined ? undefined : presentSignature(signature),
  }
}
