import type { RepositoryName } from '#contract/repository-name.ts'
import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { Decision, Verdict } from './evaluation.ts'
import { Pace } from '../policies/pace.ts'
import { walkDecisions } from './retain.ts'
import { assertRules, type RetentionMode, type RetentionRule } from './rules.ts'

/** The fate of a tag, or of an artifact without one. */
export interface PreviewItem {
  readonly repository: RepositoryName
  readonly digest: string
  readonly tag: string | undefined
  readonly pushedAt: number
  readonly pulledAt: number | undefined
  readonly verdict: Verdict
}

/** Where a page ended. */
export interface PreviewPosition {
  readonly repository: string
  /** Of that repository, the last artifact that was looked at. */
  readonly artifactId: number
  /** How many items of the next artifact were told already. */
  readonly items: number
  /** As of when the first page looked: ages do not change from page to page. */
  readonly now: number
}

export interface PreviewPage {
  readonly now: number
  readonly items: readonly PreviewItem[]
  /** The number of items looked at for this page. */
  readonly examined: { readonly total: number; readonly retained: number }
  readonly next: PreviewPosition | undefined
}

export interface PreviewRequest {
  readonly projectId: number
  readonly rules: readonly RetentionRule[]
  readonly mode: RetentionMode
  readonly removedOnly: boolean
  /** Only this repository. */
  readonly repository?: string | undefined
  readonly limit: number
  readonly from?: PreviewPosition | undefined
}

/** Looks of matchers for one page: less than a second, whatever the patterns are. A run may take longer. */
const maxCost = 125_000_000
/** A page ends when this many items were looked at, however few of them it tells. */
const maxExamined = 50_000

/**
 * Shows what rules would keep and remove, repository by repository; the rules need not be stored as a policy. Each page
 * finds the ranks in its first repository anew, and nothing is held between pages.
 * @throws DomainError BAD_REQUEST, CONFLICT for rules that cannot be, or are too much work
 */
export async function previewRetention(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  request: PreviewRequest,
): Promise<PreviewPage> {
  const { projectId, rules, mode, removedOnly, limit, from } = request
  assertRules(rules)
  const now = from?.now ?? clock.now()
  const items: PreviewItem[] = []
  const pace = new Pace({ max: maxCost })
  let [total, retained] = [0, 0]
  const page = (next: PreviewPosition | undefined): PreviewPage => ({ now, items, examined: { total, retained }, next })
  for await (const repository of walkRepositories(database, projectId, request)) {
    const isFirst = repository.name === from?.repository
    let skip = isFirst ? from.items : 0
    let artifactId = isFirst ? from.artifactId : 0
    const { name } = repository
    const walk = walkDecisions(
      database,
      { id: repository.id, name, projectId },
      { rules, mode, now },
      { after: artifactId, pace },
    )
    for await (const decision of walk) {
      for (const [at, item] of itemsOf(name, decision).entries()) {
        if (at < skip) continue
        if (items.length >= limit || total >= maxExamined) return page({ repository: name, artifactId, items: at, now })
        total += 1
        if (item.verdict.kept) retained += 1
        if (!item.verdict.kept || !removedOnly) items.push(item)
      }
      skip = 0
      artifactId = decision.candidate.artifactId
    }
  }
  return page(undefined)
}

function itemsOf(repository: RepositoryName, { candidate, verdict, tags }: Decision): PreviewItem[] {
  const { digest, pushedAt, pulledAt } = candidate
  if (candidate.tags.length === 0) return [{ repository, digest, tag: undefined, pushedAt, pulledAt, verdict }]
  return candidate.tags.map((tag, at) => ({
    repository,
    digest,
    tag: tag.name,
    pushedAt: tag.pushedAt,
    pulledAt: tag.pulledAt,
    verdict: tags[at]?.verdict ?? verdict,
  }))
}

const repositoriesPerPage = 200

async function* walkRepositories(
  { read }: Database,
  projectId: number,
  { repository, from }: Pick<PreviewRequest, 'repository' | 'from'>,
): AsyncGenerator<{ readonly id: number; readonly name: RepositoryName }> {
  for (let first = from?.repository ?? '', isNew = true; ;) {
    let query = read.selectFrom('repository').select(['id', 'name']).where('project_id', '=', projectId)
    if (repository !== undefined) query = query.where('name', '=', repository)
    const rows = await query
      .where('name', isNew ? '>=' : '>', first)
      .orderBy('name')
      .limit(repositoriesPerPage)
      .execute()
    for (const { id, name } of rows) yield { id, name: name as RepositoryName }
    if (rows.length < repositoriesPerPage) return
    ;[first, isNew] = [rows.at(-1)!.name, false]
  }
}
