import type { Digest } from '#contract/digest.ts'
import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import type { Clock } from '../clock.ts'
import { assertSystemAdministrator } from '../access/roles/authorise.ts'
import { getProjectByIdFor } from '../projects/project-access.ts'
import { judgeManifest, readPolicies, type ProjectPolicies } from './judge.ts'
import { ManifestFacts } from './manifest-facts.ts'
import { assertDefinition, type PolicyDefinition, type PullPolicy } from './policy-definition.ts'
import type { Violation } from './verdict.ts'

/** Judged in one request; each costs a few queries. */
const maxJudged = 100
const readAtOnce = 20

export interface Evaluation {
  readonly judged: number
  readonly held: readonly HeldArtifact[]
  /** Where to go on; undefined: that was all. */
  readonly next: number | undefined
}

export interface HeldArtifact {
  readonly repository: RepositoryName
  readonly digest: Digest
  readonly tags: readonly string[]
  readonly violations: readonly Violation[]
}

export interface EvaluationQuery {
  /** Undefined: everything in the registry, for its administrators. */
  readonly projectId: number | undefined
  /** A policy that is not set yet, or another version of one: it alone is asked. */
  readonly draft?: PolicyDefinition | undefined
  /** The draft is one of the registry, which chooses repositories by their whole names. */
  readonly isOfRegistry?: boolean
  readonly after: number
}

/**
 * What would be held back now, and why: the same code as a pull, and nothing is changed. Images of indexes are among what is judged.
 * @throws DomainError PROJECT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN, BAD_REQUEST for a draft that is none
 */
export async function evaluatePolicies(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  actor: Actor,
  { projectId, draft, isOfRegistry, after }: EvaluationQuery,
): Promise<Evaluation> {
  const reader = database.read
  if (projectId === undefined) assertSystemAdministrator(actor)
  else await getProjectByIdFor(reader, actor, 'configuration:read', projectId)
  if (draft !== undefined) assertDefinition(draft)
  const drafted = draft && onlyDraft(draft, isOfRegistry === true ? undefined : projectId)
  const known = new Map<number, ProjectPolicies>()
  const policiesOf = async (id: number): Promise<ProjectPolicies> => {
    const policies = drafted ?? known.get(id) ?? (await readPolicies(reader, id))
    known.set(id, policies)
    return policies
  }
  const held: HeldArtifact[] = []
  let judged = 0
  let last = after
  while (judged < maxJudged) {
    const rows = await pageOf(database, projectId, last)
    for (const { id, digest, mediaType, bytes, ...at } of rows) {
      const manifest = { artifactId: id, digest: digest as Digest, mediaType, bytes }
      const place = { projectId: at.projectId, repositoryId: at.repositoryId, repository: at.name as RepositoryName }
      const facts = new ManifestFacts(reader, place, manifest, clock.now())
      const { violations } = await judgeManifest(facts, await policiesOf(at.projectId))
      if (violations.length > 0)
        held.push({ repository: facts.place.repository, digest: manifest.digest, tags: await facts.tags(), violations })
      last = id
      judged += 1
    }
    if (rows.length < readAtOnce) return { judged, held, next: undefined }
  }
  return { judged, held, next: last }
}

const onlyDraft = (draft: PolicyDefinition, projectId: number | undefined): ProjectPolicies => {
  const policy: PullPolicy = { ...draft, id: 0, projectId }
  return { harbor: { signatures: [], vulnerabilities: undefined }, policies: [policy] }
}

async function pageOf({ read }: Database, projectId: number | undefined, after: number) {
  return await read
    .selectFrom('artifact')
    .innerJoin('repository', 'repository.id', 'artifact.repository_id')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select(['artifact.id', 'artifact.digest', 'artifact.media_type as mediaType'])
    .select([
      'artifact_payload.bytes',
      'repository.name',
      'repository.id as repositoryId',
      'repository.project_id as projectId',
    ])
    .$if(projectId !== undefined, (rows) => rows.where('repository.project_id', '=', projectId!))
    .where('artifact.id', '>', after)
    .where('artifact.subject_digest', 'is', null)
    .orderBy('artifact.id')
    .limit(readAtOnce)
    .execute()
}
