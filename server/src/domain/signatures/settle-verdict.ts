import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockName } from '../../database/locking.ts'
import type { MethodState, SignatureVerdictTable } from '../../database/schema/signatures.ts'
import type { SignatureMethod } from './verdicts.ts'

/** An artifact in its repository. */
export interface SignedArtifact {
  readonly projectId: number
  readonly repositoryId: number
  readonly digest: string
}

interface Standing {
  readonly state: MethodState
  readonly signer: number | null
  /** Null: without end. */
  readonly until: number | null
  readonly index: string | null
}

const ranks: readonly MethodState[] = ['unsigned', 'refused', 'untrusted', 'unnamed', 'verified']
const unsigned: Standing = { state: 'unsigned', signer: null, until: null, index: null }

/**
 * Writes down what the signatures of an artifact, and those of the indexes that it is in, say of it. Returns whether that is
 * something else than before: then what it holds has to be settled too.
 */
export async function settleVerdict(
  database: Database,
  tx: Writer,
  { projectId, repositoryId, digest }: SignedArtifact,
  now: number,
): Promise<boolean> {
  // Two signatures that come at once each see the other: the second waits here for the commit of the first.
  await lockName(database, tx, `signatures ${repositoryId} ${digest}`)
  const before = await tx
    .selectFrom('signature_verdict')
    .selectAll()
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  const cosign = await standingOf(tx, repositoryId, digest, 'cosign')
  const notation = await standingOf(tx, repositoryId, digest, 'notation')
  const columns = {
    cosign_state: cosign.state,
    cosign_signer: cosign.signer,
    cosign_until: cosign.until,
    cosign_index: cosign.index,
    notation_state: notation.state,
    notation_signer: notation.signer,
    notation_until: notation.until,
    notation_index: notation.index,
    ends_at: firstOf([cosign.until, notation.until]),
  }
  if (before === undefined ? isNothing(columns) : isSame(before, columns)) return false
  if (isNothing(columns)) {
    await tx
      .deleteFrom('signature_verdict')
      .where('repository_id', '=', repositoryId)
      .where('digest', '=', digest)
      .execute()
    return true
  }
  await tx
    .insertInto('signature_verdict')
    .values({ repository_id: repositoryId, digest, project_id: projectId, decided_at: now, ...columns })
    .onConflict((conflict) =>
      conflict.columns(['repository_id', 'digest']).doUpdateSet({ decided_at: now, ...columns }),
    )
    .execute()
  return true
}

type Columns = Omit<SignatureVerdictTable, 'repository_id' | 'digest' | 'project_id' | 'decided_at'>

const isNothing = ({ cosign_state, notation_state }: Columns): boolean =>
  cosign_state === 'unsigned' && notation_state === 'unsigned'
const isSame = (before: Columns, after: Columns): boolean =>
  (Object.keys(after) as (keyof Columns)[]).every((name) => before[name] === after[name])
const firstOf = (times: readonly (number | null)[]): number | null => {
  const ends = times.filter((time) => time !== null)
  return ends.length === 0 ? null : Math.min(...ends)
}

async function standingOf(
  tx: Reader,
  repositoryId: number,
  digest: string,
  method: SignatureMethod,
): Promise<Standing> {
  const exists = await tx
    .selectFrom('artifact')
    .select('id')
    .where('repository_id', '=', repositoryId)
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (exists === undefined) return unsigned
  const own = await ownStandings(tx, repositoryId, digest, method)
  const inherited = await inheritedStandings(tx, exists.id, method)
  return [...own, ...inherited].reduce((best, each) => (isBetter(each, best) ? each : best), unsigned)
}

function isBetter(one: Standing, other: Standing): boolean {
  const byState = ranks.indexOf(one.state) - ranks.indexOf(other.state)
  if (byState !== 0) return byState > 0
  // Of two that count, the one that lasts longer; and its own before that of an index.
  if (one.until !== other.until) return one.until === null || (other.until !== null && one.until > other.until)
  return one.index === null && other.index !== null
}

/** By state and signer: a few rows, however many signatures there are. Attestations sign nothing. */
async function ownStandings(
  tx: Reader,
  repositoryId: number,
  digest: string,
  method: SignatureMethod,
): Promise<Standing[]> {
  const rows = await tx
    .selectFrom('artifact_signature')
    .select((eb) => [
      'state',
      'signer_id',
      eb.fn.max<number | string | null>('valid_until').as('until'),
      eb.fn.countAll<number | string>().as('all'),
      eb.fn.count<number | string>('valid_until').as('ending'),
    ])
    .where('repository_id', '=', repositoryId)
    .where('subject_digest', '=', digest)
    .where('method', '=', method)
    .where('predicate_type', 'is', null)
    .groupBy(['state', 'signer_id'])
    .execute()
  return rows.map(({ state, signer_id: signer, until, all, ending }) => ({
    state,
    signer,
    until: until === null || Number(ending) < Number(all) ? null : Number(until),
    index: null,
  }))
}

/** The best that an index in which it is was given. What is forged or foreign there says nothing of it. */
async function inheritedStandings(tx: Reader, artifactId: number, method: SignatureMethod): Promise<Standing[]> {
  const [state, signer, until] = [`${method}_state`, `${method}_signer`, `${method}_until`] as const
  const rows = await tx
    .selectFrom('artifact_child')
    .innerJoin('artifact as parent', 'parent.id', 'artifact_child.parent_id')
    .innerJoin('signature_verdict as verdict', (join) =>
      join.onRef('verdict.repository_id', '=', 'parent.repository_id').onRef('verdict.digest', '=', 'parent.digest'),
    )
    .select([`verdict.${state} as state`, `verdict.${signer} as signer`, `verdict.${until} as until`, 'parent.digest'])
    .where('artifact_child.child_id', '=', artifactId)
    .where(`verdict.${state}`, 'in', ['verified', 'unnamed'])
    .orderBy(`verdict.${state}`, 'desc')
    .orderBy((eb) => eb.fn.coalesce(`verdict.${until}`, eb.lit(Number.MAX_SAFE_INTEGER)), 'desc')
    .limit(1)
    .execute()
  return rows.map((row) => ({ state: row.state, signer: row.signer, until: row.until, index: row.digest }))
}
