import { decodeJwt, errors } from 'jose'
import type { Selectable } from 'kysely'
import { IssuerUnavailable, type IssuerKeys } from '../../clients/issuer-keys.ts'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { lockRows } from '../../database/locking.ts'
import type { TrustRuleTable } from '../../database/schema/identities.ts'
import { isSystemAdministrator, type Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertProvedLately } from '../access/second-factor/step-up.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { assertEndsWith, assertMayActOnRobot, assertMayRule, robotUnknown } from './robot-authorisation.ts'
import { assertRuleClaims, composeClaimCheck, type RuleClaims } from './rule-claims.ts'
import { isIssuer } from './rule-issuer.ts'
import { refusalOfCertificates } from '../../runtime/pem.ts'

/**
 * Says which tokens of which issuer stand for a robot's secret: a job of a CI service or a pod of a cluster signs in as
 * the robot with the token that it has anyway, and no secret lies about.
 */
export interface TrustRule {
  readonly id: number
  readonly issuer: string
  readonly audience: string
  readonly claims: RuleClaims
  /** PEM. */
  readonly authority: string | undefined
  /** The issuer may live in a private network: somebody who decides about the registry's network named it. */
  readonly privateNetworks: boolean
  readonly createdAt: number
}

export type NewTrustRule = Omit<TrustRule, 'id' | 'createdAt' | 'privateNetworks'>

const maxRules = 20
const maxAudienceLength = 1_024

export class TrustRules {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #issuerKeys: IssuerKeys
  readonly #privateIssuers: ReadonlySet<string>

  constructor({
    database,
    clock,
    events,
    issuerKeys,
    privateIssuers = [],
  }: {
    database: Database
    clock: Clock
    events: Events
    issuerKeys: IssuerKeys
    /** Issuers in private networks that every rule may name. */
    privateIssuers?: readonly string[]
  }) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#issuerKeys = issuerKeys
    this.#privateIssuers = new Set(privateIssuers)
  }

  /** There are few: all of them. @throws DomainError ROBOT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async listRules(actor: Actor, robotId: number): Promise<readonly TrustRule[]> {
    await findRobotFor(this.#database.read, actor, robotId, 'read')
    return (await rulesOf(this.#database.read, robotId)).map(ruleOf)
  }

  /** @throws DomainError BAD_REQUEST, PRECONDITION (too many), ROBOT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async createRule(actor: Actor, robotId: number, rule: NewTrustRule): Promise<number> {
    return await this.#database.write(async (tx) => {
      const projectId = await this.#assertMayChange(tx, actor, robotId)
      assertRule(rule)
      if ((await rulesOf(tx, robotId)).length >= maxRules)
        throw new DomainError('PRECONDITION', `a robot has ${maxRules} trust rules at the most`)
      const { id } = await tx
        .insertInto('trust_rule')
        .values({
          robot_id: robotId,
          issuer: rule.issuer,
          audience: rule.audience,
          claims: JSON.stringify(rule.claims),
          ca_certificate: rule.authority ?? null,
          private_networks: isSystemAdministrator(actor) ? 1 : 0,
          created_at: this.#clock.now(),
        })
        .returning('id')
        .executeTakeFirstOrThrow()
      await this.#events.record(tx, actor, { type: 'create_trust_rule', ruleId: id, robotId, ...projectId })
      return id
    })
  }

  /** @throws DomainError RULE_UNKNOWN, ROBOT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async deleteRule(actor: Actor, robotId: number, id: number): Promise<void> {
    await this.#database.write(async (tx) => {
      const projectId = await this.#assertMayChange(tx, actor, robotId)
      const deleted = await tx
        .deleteFrom('trust_rule')
        .where('robot_id', '=', robotId)
        .where('id', '=', id)
        .executeTakeFirst()
      if (deleted.numDeletedRows === 0n) throw new DomainError('RULE_UNKNOWN', `this robot has no trust rule ${id}`)
      await this.#events.record(tx, actor, { type: 'delete_trust_rule', ruleId: id, robotId, ...projectId })
    })
  }

  /**
   * Whether the token stands for the robot's secret: signed by an issuer that a rule of the robot trusts, for its
   * audience, with claims that all match, and good now.
   * @throws DomainError UNAVAILABLE when an issuer cannot be asked
   */
  async isTrusted(robotId: number, token: string): Promise<boolean> {
    const issuer = issuerOf(token)
    // Rules from before issuers had to be HTTPS trust nobody any more.
    if (issuer === undefined || !isIssuer(issuer)) return false
    const rules = (await rulesOf(this.#database.read, robotId)).map(ruleOf).filter((rule) => rule.issuer === issuer)
    const verified = new Map<string, Readonly<Record<string, unknown>> | undefined>()
    let isMatch: ReturnType<typeof composeClaimCheck> | undefined
    for (const rule of rules) {
      // Rules that differ in their claims alone are one question to the issuer's keys.
      const question = JSON.stringify([rule.audience, rule.authority, rule.privateNetworks])
      if (!verified.has(question)) verified.set(question, await this.#verify(token, rule))
      const claims = verified.get(question)
      if (claims === undefined) continue
      isMatch ??= composeClaimCheck(claims)
      if (isMatch(rule.claims)) return true
    }
    return false
  }

  async #verify(token: string, rule: TrustRule): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const privateNetworks = rule.privateNetworks || this.#privateIssuers.has(rule.issuer)
      return await this.#issuerKeys.verifyToken(token, { ...rule, privateNetworks })
    } catch (cause) {
      if (!(cause instanceof IssuerUnavailable)) throw cause
      throw new DomainError(
        'UNAVAILABLE',
        'the issuer of this token cannot be asked; the log of the registry says why',
        {
          retryAfterSeconds: 5,
          cause,
        },
      )
    }
  }

  /** An actor that trusts an issuer for a robot can come as the robot, and so must have its rights. */
  async #assertMayChange(tx: Writer, actor: Actor, robotId: number): Promise<{ projectId?: number }> {
    const query = tx.selectFrom('robot').select('id').where('id', '=', robotId)
    await lockRows(this.#database, query).execute()
    const asker = await currentActor(tx, actor, this.#clock.now())
    const { robot, home } = await findRobotFor(tx, asker, robotId, 'update')
    await assertMayRule(tx, asker, home, robotId)
    await assertProvedLately(tx, asker, this.#clock.now())
    assertEndsWith(asker, robot.expires_at ?? undefined, `robot ${robotId}`)
    return robot.project_id === null ? {} : { projectId: robot.project_id }
  }
}

async function rulesOf(reader: Reader, robotId: number): Promise<Selectable<TrustRuleTable>[]> {
  return await reader.selectFrom('trust_rule').selectAll().where('robot_id', '=', robotId).orderBy('id').execute()
}

/** @throws DomainError ROBOT_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
async function findRobotFor(reader: Reader, actor: Actor, robotId: number, action: 'read' | 'update') {
  const robot = await reader
    .selectFrom('robot')
    .select(['project_id', 'expires_at'])
    .where('id', '=', robotId)
    .executeTakeFirst()
  const found = robot === undefined ? undefined : { projectId: robot.project_id ?? undefined }
  const home = await assertMayActOnRobot(reader, actor, { id: robotId, found }, action)
  if (robot === undefined) throw robotUnknown(robotId)
  return { robot, home }
}

function ruleOf(row: Selectable<TrustRuleTable>): TrustRule {
  return {
    id: row.id,
    issuer: row.issuer,
    audience: row.audience,
    claims: JSON.parse(row.claims) as Record<string, string>,
    authority: row.ca_certificate ?? undefined,
    privateNetworks: row.private_networks === 1,
    createdAt: row.created_at,
  }
}

/** The issuer that the token names, used only to choose the issuer to ask. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}

function assertRule({ issuer, audience, claims, authority }: NewTrustRule): void {
  const refuse = (why: string): never => {
    throw new DomainError('BAD_REQUEST', why)
  }
  if (!isIssuer(issuer))
    refuse('the issuer should look like https://token.actions.example.org: HTTPS, without account, ? and #')
  if (audience === '' || audience.length > maxAudienceLength) refuse('the audience that tokens must be for is missing')
  assertRuleClaims(claims)
  const why = authority === undefined ? undefined : refusalOfCertificates(authority)
  if (why !== undefined) refuse(`ca_certificate ${why}`)
}
