import { budgets, parseForeignJson } from '#contract/budget.ts'
import { z } from 'zod'
import { parseRepositoryName, restOf } from '#contract/repository-name.ts'
import { DomainError } from '../../../domain/errors.ts'
import { previewRetention, type PreviewItem, type PreviewPosition } from '../../../domain/retention/preview.ts'
import { formatVerdict } from '../../../domain/retention/verdict-text.ts'
import { timeAnswer, timeOf, truthQuery } from '../frame/answers.ts'
import { parsePolicy, policyBody } from './retention-body.ts'
import { route, type Route } from '../frame/route.ts'

const itemAnswer = z.object({
  repository: z.string(),
  digest: z.string(),
  tag: z.string().optional().describe('Left out for an artifact without tags.'),
  push_time: timeAnswer,
  pull_time: timeAnswer.optional(),
  retained: z.boolean(),
  reason: z.string().describe('Which rule keeps it, by which rank or age; or why none does. A sentence in English.'),
  rule: z.number().int().optional().describe('Place of the rule that keeps it, from 1.'),
  template: z.string().optional(),
  rank: z.number().int().optional(),
  pinned_tag: z.string().optional().describe('It stays because the cache never gives this tag up.'),
  immutable_tag: z.string().optional().describe('It stays because this tag is immutable.'),
  misses: z
    .array(
      z.object({
        rule: z.number().int(),
        template: z.string(),
        why: z.enum(['not selected', 'rank', 'age']),
        time: timeAnswer.optional(),
      }),
    )
    .optional()
    .describe('Of what goes: each rule, and why it does not keep it.'),
})

const positionSchema = z.object({
  repository: z.string(),
  artifactId: z.number().int(),
  items: z.number().int(),
  now: z.number().int(),
})

export const retentionPreviewRoutes: readonly Route[] = [
  route({
    method: 'POST',
    path: '/projects/{project_name_or_id}/retention/preview',
    tag: 'Retention',
    operationId: 'previewRetention',
    summary: "Beyond Harbor: what a policy would keep and remove, and why, before it is anybody's. Pages by `next`.",
    access: { kind: 'project', permission: 'tag-retention:read' },
    query: z.object({
      repository: z.string().optional().describe('Only this repository, without the name of the project.'),
      removed_only: truthQuery.default(false),
      page_size: z.coerce.number().int().min(1).max(1_000).default(100),
      next: z.string().max(2_000).optional().describe('What the page before said.'),
    }),
    body: policyBody,
    answers: {
      200: z.object({
        items: z.array(itemAnswer),
        examined: z
          .object({ total: z.number().int(), retained: z.number().int() })
          .describe('Tags, and artifacts without any, that were looked at for this page, shown or not.'),
        next: z.string().optional().describe('There is more; it may be that a page has no items and there is more.'),
      }),
    },
    handle: async ({ project, query, body }, { database, clock }) => {
      const { name, id: projectId } = project!.project
      const { rules, mode } = parsePolicy(body)
      const page = await previewRetention(
        { database, clock },
        {
          projectId,
          rules,
          mode,
          removedOnly: query.removed_only,
          limit: query.page_size,
          ...(query.repository === undefined ? {} : { repository: parseRepositoryName(`${name}/${query.repository}`) }),
          ...(query.next === undefined ? {} : { from: parsePosition(query.next) }),
        },
      )
      return {
        body: {
          items: page.items.map((one) => presentItem(one, page.now)),
          examined: page.examined,
          ...(page.next === undefined ? {} : { next: formatPosition(page.next) }),
        },
      }
    },
  }),
]

const formatPosition = (position: PreviewPosition): string =>
  Buffer.from(JSON.stringify(position)).toString('base64url')

/** @throws DomainError BAD_REQUEST */
function parsePosition(text: string): PreviewPosition {
  try {
    return positionSchema.parse(parseForeignJson(Buffer.from(text, 'base64url'), budgets.fragment))
  } catch (cause) {
    throw new DomainError('BAD_REQUEST', 'next is what the page before said, as it was said', { cause })
  }
}

function presentItem(
  { repository, digest, tag, pushedAt, pulledAt, verdict }: PreviewItem,
  now: number,
): z.output<typeof itemAnswer> {
  return {
    repository: restOf(repository),
    digest,
    tag,
    push_time: timeOf(pushedAt),
    pull_time: pulledAt === undefined ? undefined : timeOf(pulledAt),
    retained: verdict.kept,
    reason: formatVerdict(verdict, now),
    ...(verdict.kept
      ? verdict.by === 'immutability'
        ? { immutable_tag: verdict.tag }
        : verdict.by === 'pin'
          ? { pinned_tag: verdict.tag }
          : { rule: verdict.rule, template: verdict.template, rank: verdict.rank }
      : {
          misses: verdict.misses.map(({ rule, template, why, at }) => ({
            rule,
            template,
            why,
            time: at === undefined ? undefined : timeOf(at),
          })),
        }),
  }
}
