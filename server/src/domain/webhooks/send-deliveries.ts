import type { Selectable } from 'kysely'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import type { WebhookDeliveryTable } from '../../database/schema/webhooks.ts'
import type { Clock } from '../clock.ts'
import { bodyOf, type Body, type BodyContext } from './bodies.ts'
import { noticeSchema, type Notice } from './notice.ts'
import { messageOf, type Message } from './sign.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { openTargets } from './sealed-targets.ts'
import type { SlowTargets } from './slow-targets.ts'
import type { Target } from './targets.ts'

/** The answer of a receiver. */
export interface WebhookAnswer {
  readonly status: number
  readonly location?: string | undefined
  readonly body: string
}

/** Sends one message through the guard on addresses. @throws Error that says why there is no answer */
export type SendWebhook = (message: Message & { readonly skipCertificateCheck: boolean }) => Promise<WebhookAnswer>

export interface SendServices {
  readonly database: Database
  readonly secrets: Secrets
  readonly clock: Clock
  readonly send: SendWebhook
  readonly slow: SlowTargets
  /** `host[:port]` by which clients know the registry. */
  readonly host: string
  /** What the API says of the scan of an artifact; undefined when nothing is known. */
  readonly scanOverview: (reader: Reader, notice: Notice) => Promise<Readonly<Record<string, unknown>> | undefined>
}

interface Waiting {
  readonly policyId: number
  readonly target: string
  readonly sequence: string
}

/** The part of a running job that is needed. */
export interface SendingJob {
  readonly signal: AbortSignal
  log(line: string): void
  transact<T>(work: (tx: Writer) => Promise<T>): Promise<T>
}

type Row = Selectable<WebhookDeliveryTable>

/** A receiver that has been away for so long is given up; what it missed can be sent again by hand. */
const giveUpAfterMs = 24 * 60 * 60 * 1_000
const maxLogLength = 32 * 1024
const shownBody = 8 * 1024
const shownAnswer = 1_024

/** Sent without an answer that it was taken: the job tries again later, and what follows waits for it. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'
}

/**
 * Sends what waits for a target, the oldest first, each once more until it is taken, is refused for good, or has been tried for a
 * day. A process that dies between the answer and its row sends again, with the same id.
 * @throws NotTaken
 */
export async function sendWaiting(services: SendServices, job: SendingJob, waiting: Waiting) {
  const done = { sent: 0, givenUp: 0 }
  for (;;) {
    job.signal.throwIfAborted()
    const row = await nextOf(services.database.read, waiting)
    if (row === undefined) return done
    const target = await findTarget(services, row)
    if (target === undefined) {
      await end(services, job, row, { status: 'stopped', why: 'its target was taken away' })
      continue
    }
    const why = await attempt(services, job, row, target)
    if (why === undefined) done.sent += 1
    else done.givenUp += 1
  }
}

async function attempt(services: SendServices, job: SendingJob, row: Row, target: Target): Promise<string | undefined> {
  const { clock, send, slow } = services
  const receiver = `${row.policy_id} ${row.target}`
  const startedAt = clock.now()
  if (slow.isResting(receiver, startedAt))
    throw new NotTaken(`${row.event_type} waits: its receiver gave no answer for long, a moment ago`)
  const words = target.type === 'slack' ? 'slack job' : 'webhook job'
  const body = await bodyFor(services, row, target)
  if (row.body === null) await keepBody(job, row, body)
  const lines = [`start to run ${words}`, `send request to remote endpoint, body: ${cut(body.text, shownBody)}`]
  const message = messageOf(target, body, { id: row.event_id, now: clock.now() })
  const outcome = await send({ ...message, skipCertificateCheck: target.skipCertificateCheck }).then(
    (answer) => judge(target, answer),
    (error: unknown): Outcome => ({ why: (error as Error).message, isFinal: false }),
  )
  const now = clock.now()
  slow.note(receiver, {
    tookMs: now - startedAt,
    answered: outcome?.answerStatus !== undefined || outcome === undefined,
    now,
  })
  if (outcome === undefined) {
    await end(services, job, row, { status: 'success', lines: [...lines, `success to run ${words}`] })
    return undefined
  }
  const { why, isFinal, answerStatus } = outcome
  lines.push(`exit ${words}, error: ${why}`)
  const tooLong = clock.now() - (row.first_tried_at ?? clock.now()) >= giveUpAfterMs
  if (isFinal || tooLong) {
    await end(services, job, row, { status: 'error', why, lines, answerStatus })
    return why
  }
  await mark(services, job, row, { lines, answerStatus })
  throw new NotTaken(`${row.event_type} was not taken: ${why}`)
}

interface Outcome {
  readonly why: string
  /** To send it again would be answered alike. */
  readonly isFinal: boolean
  readonly answerStatus?: number
}

/** Undefined: taken. */
function judge({ type }: Target, { status, location, body }: WebhookAnswer): Outcome | undefined {
  const said = cut(body, shownAnswer)
  if (status >= 300 && status < 400) {
    const why = `it answers ${status}, which leads to ${cut(location ?? 'nowhere', 200)}: give that address instead`
    return { why, isFinal: true, answerStatus: status }
  }
  const refusal = type === 'http' || type === 'slack' || type === 'teams' ? undefined : refusalOfChat(body)
  if (status >= 200 && status < 300 && refusal === undefined) return undefined
  const why = refusal ?? `abnormal response code: ${status}, body: ${said}`
  // A time-out, too early and too many requests pass; any other refusal of the client stays one.
  const isFinal = status >= 400 && status < 500 && ![408, 425, 429].includes(status)
  return { why, isFinal, answerStatus: status }
}

/** DingTalk and WeCom answer 200 with `errcode`, Feishu with `code`. */
function refusalOfChat(body: string): string | undefined {
  try {
    const said = parseForeignJson(body, budgets.remoteAnswer) as {
      errcode?: unknown
      code?: unknown
      StatusCode?: unknown
    }
    const code = said.errcode ?? said.code ?? said.StatusCode ?? 0
    return code === 0 ? undefined : `it answers ${cut(body, shownAnswer)}`
  } catch {
    return `its answer is no JSON: ${cut(body, shownAnswer)}`
  }
}

/** Receivers that had an attempt and did not say so know the next one by its bytes too. */
async function keepBody(job: SendingJob, { id }: Row, body: Body): Promise<void> {
  await job.transact(async (tx) =>
    tx
      .updateTable('webhook_delivery')
      .set({ body: JSON.stringify(body) })
      .where('id', '=', id)
      .execute(),
  )
}

async function bodyFor({ database, host, scanOverview }: SendServices, row: Row, target: Target): Promise<Body> {
  if (row.body !== null) return JSON.parse(row.body) as Body
  const notice = noticeSchema.parse(JSON.parse(row.notice))
  const overview = notice.scan === undefined ? undefined : await scanOverview(database.read, notice)
  const context: BodyContext = { policyId: row.policy_id, eventId: row.event_id, host, scanOverview: overview }
  return bodyOf(notice, target, context)
}

async function nextOf(reader: Reader, { policyId, target, sequence }: Waiting): Promise<Row | undefined> {
  return await reader
    .selectFrom('webhook_delivery')
    .selectAll()
    .where('policy_id', '=', policyId)
    .where('target', '=', target)
    .where('sequence', '=', sequence)
    .where('finished_at', 'is', null)
    .orderBy('id')
    .executeTakeFirst()
}

async function findTarget(
  { database, secrets }: SendServices,
  { policy_id: id, target }: Row,
): Promise<Target | undefined> {
  const { read } = database
  const row = await read.selectFrom('webhook_policy').select(['id', 'targets']).where('id', '=', id).executeTakeFirst()
  const targets = row === undefined ? [] : await openTargets(secrets, read, row)
  return targets.find(({ key }) => key === target)
}

interface Marked {
  readonly lines?: readonly string[]
  readonly answerStatus?: number | undefined
}

async function mark(
  { clock }: SendServices,
  job: SendingJob,
  row: Row,
  { lines = [], answerStatus }: Marked,
  ended: { readonly status?: Row['status']; readonly finished_at?: number } = {},
): Promise<void> {
  const now = clock.now()
  const time = new Date(now).toISOString()
  const log = `${row.log}${lines.map((line) => `${time} ${line}\n`).join('')}`
  await job.transact(async (tx) =>
    tx
      .updateTable('webhook_delivery')
      .set({
        attempts: row.attempts + (lines.length === 0 ? 0 : 1),
        answer_status: answerStatus ?? null,
        // The newest attempts are what somebody looks for.
        log: log.length > maxLogLength ? log.slice(log.indexOf('\n', log.length - maxLogLength) + 1) : log,
        first_tried_at: row.first_tried_at ?? now,
        updated_at: now,
        ...ended,
      })
      .where('id', '=', row.id)
      .execute(),
  )
}

async function end(
  services: SendServices,
  job: SendingJob,
  row: Row,
  { status, why, lines = [], answerStatus }: Marked & { readonly status: Row['status']; readonly why?: string },
): Promise<void> {
  job.log(`${row.event_type} ${row.id}: ${why ?? 'sent'}`)
  await mark(services, job, row, { lines, answerStatus }, { status, finished_at: services.clock.now() })
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most)}…` : text)
