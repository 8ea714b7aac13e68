import { z } from 'zod'
import { readActivity } from '../../../domain/activity/activity.ts'
import { listConcerns, type Concern } from '../../../domain/activity/attention.ts'
import { findAuditConcerns } from '../../../domain/audit/audit-concerns.ts'
import { findTrustConcerns } from '../../../domain/pull-policies/trust-concerns.ts'
import { findQuarantineConcerns } from '../../../domain/quarantine/quarantine-concerns.ts'
import { findScanConcerns } from '../../../domain/scanning/scan-concerns.ts'
import { hourMs } from '../../../domain/activity/samples.ts'
import { timeAnswer, timeOf } from '../frame/answers.ts'
import { route, type Route } from '../frame/route.ts'

const count = z.number().int()
const weekMs = 7 * 24 * hourMs
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))

const concern = z.object({
  kind: z.enum([
    'default-password',
    'disk-nearly-full',
    'certificate-expiring',
    'jobs-failed',
    'scrub-unscheduled',
    'vulnerability-data-missing',
    'vulnerability-data-old',
    'exploited-vulnerabilities',
    'scan-all-failed',
    'signers-unnamed',
    'quarantine-waiting',
    'audit-log-changed',
    'audit-sinks-behind',
    'quota-nearly-full',
    'robot-expiring',
  ]),
  severity: z.enum(['warning', 'critical']),
  project: z.string().optional(),
  robot: z.string().optional(),
  used_bytes: count.optional(),
  total_bytes: count.optional(),
  count: count.optional(),
  expires_at: timeAnswer.optional(),
  data_time: timeAnswer.optional().describe('When the vulnerability data in use was published.'),
})

/** What the first page of the console shows; not of Harbor. */
export const activityRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/statistics/activity',
    tag: 'statistic',
    operationId: 'getActivity',
    summary: 'Pushes and pulls over time in the projects that may be seen; for system administrators also the storage.',
    access: { kind: 'signed-in' },
    query: z.object({
      from: time.optional().describe('RFC 3339; a week before `to` when it is left out.'),
      to: time.optional().describe('RFC 3339; now when it is left out.'),
      step: z.coerce.number().int().min(1).max(744).default(1).describe('Hours of one point.'),
    }),
    answers: {
      200: z.object({
        step: count,
        points: z.array(
          z.object({
            time: timeAnswer,
            pushes: count,
            pulls: count,
            logical_bytes: count.optional(),
            physical_bytes: count.optional(),
          }),
        ),
      }),
    },
    handle: async ({ actor, query }, { database, clock }) => {
      const { to = clock.now(), step } = query
      const points = await readActivity(database, actor, { from: query.from ?? to - weekMs, to, step })
      return {
        body: {
          step,
          points: points.map((point) => ({
            time: timeOf(point.time),
            pushes: point.pushes,
            pulls: point.pulls,
            logical_bytes: point.logicalBytes,
            physical_bytes: point.physicalBytes,
          })),
        },
      }
    },
  }),

  route({
    method: 'GET',
    path: '/statistics/attention',
    tag: 'statistic',
    operationId: 'getAttention',
    summary: 'What needs attention: of the registry for system administrators, of their projects for others.',
    access: { kind: 'signed-in' },
    answers: { 200: z.array(concern) },
    handle: async ({ actor }, services) => {
      const { system } = services
      const surroundings = {
        volume: system.volume,
        certificate: () => system.certificate(),
      }
      const findMore = async () => [
        ...(await findScanConcerns(services.database.read)),
        ...(await findTrustConcerns(services.database.read)),
        ...(await findQuarantineConcerns(services.database.read, services.clock.now())),
        ...(await findAuditConcerns(services)),
      ]
      return { body: (await listConcerns({ ...services, surroundings, findMore }, actor)).map(presentConcern) }
    },
  }),
]

function presentConcern(found: Concern): z.output<typeof concern> {
  return {
    kind: found.kind,
    severity: found.severity,
    project: 'project' in found ? found.project : undefined,
    robot: 'robot' in found ? found.robot : undefined,
    used_bytes: 'usedBytes' in found ? found.usedBytes : undefined,
    total_bytes: 'totalBytes' in found ? found.totalBytes : undefined,
    count: 'count' in found ? found.count : undefined,
    data_time: 'dataTime' in found ? timeOf(found.dataTime) : undefined,
    expires_at: 'expiresAt' in found ? timeOf(found.expiresAt) : undefined,
  }
}
