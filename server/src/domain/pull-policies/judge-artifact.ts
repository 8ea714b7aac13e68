import type { Digest } from '#contract/digest.ts'
import type { Reader } from '../../database/database.ts'
import { DomainError } from '../errors.ts'
import { exemptionsFor, type Exemption } from './exemptions.ts'
import { keyOfSignatures } from './harbor-policy.ts'
import { judgeManifest, readPolicies, type ProjectPolicies } from './judge.ts'
import { ManifestFacts, type JudgedPlace } from './manifest-facts.ts'
import type { ActiveMode } from './policy-definition.ts'
import type { Violation } from './verdict.ts'

/** What one policy says of one artifact. */
export interface PolicyOpinion {
  /** Name of the policy, or Harbor's key. */
  readonly policy: string
  readonly owner: 'project' | 'registry' | 'harbor'
  readonly mode: ActiveMode
  /** Undefined: it lets the artifact pass, or does not concern it. */
  readonly violation: Violation | undefined
}

export interface ArtifactJudgement {
  /** All that are not off, Harbor's first: the order in which a pull asks them. */
  readonly opinions: readonly PolicyOpinion[]
  /** Those that have not ended and speak of the artifact. */
  readonly exemptions: readonly Exemption[]
}

/** What every policy says of an artifact at this moment: the same code as a pull, one policy at a time. */
export async function judgeArtifact(
  reader: Reader,
  place: JudgedPlace,
  digest: Digest,
  now: number,
): Promise<ArtifactJudgement> {
  const row = await reader
    .selectFrom('artifact')
    .innerJoin('artifact_payload', 'artifact_payload.artifact_id', 'artifact.id')
    .select(['artifact.id as artifactId', 'artifact.media_type as mediaType', 'artifact_payload.bytes'])
    .where('artifact.repository_id', '=', place.repositoryId)
    .where('artifact.digest', '=', digest)
    .executeTakeFirst()
  if (row === undefined) throw new DomainError('MANIFEST_UNKNOWN', `${place.repository} has no manifest ${digest}`)
  const facts = new ManifestFacts(reader, place, { ...row, digest }, now)
  const opinions: PolicyOpinion[] = []
  for (const { asked, ...known } of apart(await readPolicies(reader, place.projectId))) {
    const { violations } = await judgeManifest(facts, asked)
    opinions.push({ ...known, violation: violations[0] })
  }
  const { projectId, repository } = place
  const concerned = new Map<number, Exemption>()
  for (const { policy, owner } of opinions) {
    const asked = { policy, projectId: owner === 'registry' ? undefined : projectId, repository, digest }
    for (const exemption of exemptionsFor(await facts.exemptions(), asked)) concerned.set(exemption.id, exemption)
  }
  return { opinions, exemptions: [...concerned.values()] }
}

type Apart = Omit<PolicyOpinion, 'violation'> & { readonly asked: ProjectPolicies }

/** Each policy as if it were the only one. */
function apart({ harbor, policies }: ProjectPolicies): readonly Apart[] {
  const none = { signatures: [], vulnerabilities: undefined }
  const ofHarbor = (policy: string, asked: Partial<ProjectPolicies['harbor']>): Apart => ({
    ...{ policy, owner: 'harbor', mode: 'enforce' },
    asked: { harbor: { ...none, ...asked }, policies: [] },
  })
  return [
    ...harbor.signatures.map((method) => ofHarbor(keyOfSignatures(method), { signatures: [method] })),
    ...(harbor.vulnerabilities === undefined
      ? []
      : [ofHarbor('prevent_vul', { vulnerabilities: harbor.vulnerabilities })]),
    ...policies.map((policy): Apart => ({
      policy: policy.name,
      owner: policy.projectId === undefined ? 'registry' : 'project',
      mode: policy.mode === 'off' ? 'enforce' : policy.mode,
      asked: { harbor: none, policies: [policy] },
    })),
  ]
}
