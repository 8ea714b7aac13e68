import type { Insertable } from 'kysely'
import type { Database, Writer } from '../../database/database.ts'
import type { SettingTable } from '../../database/schema/settings.ts'
import { EpochCache } from '../../database/epoch-cache.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertProvedLately } from '../access/second-factor/step-up.ts'
import { assertSystemAdministrator } from '../access/roles/authorise.ts'
import { hasDuty, isApart } from '../access/roles/duties.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import {
  isSettingName,
  passedOverNames,
  settingKeyOf,
  settingKeys,
  settingNames,
  type SettingName,
  type SettingValues,
} from './setting-keys.ts'

/** Settings that the configuration has decided. They are shown as they stand there, and cannot be changed at run time. */
export type FixedSettings = Partial<Pick<SettingValues, 'read_only' | 'token_expiration'>>

export interface SettingsOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
  readonly fixed: FixedSettings
  /** What only the outside can say of a value: why it cannot be, or undefined. */
  readonly checks?: SettingChecks
}

export type SettingChecks = Partial<Readonly<Record<SettingName, (value: string) => Promise<string | undefined>>>>

/** Settings that are never read back. */
export type SecretSettingName = {
  [Name in SettingName]: (typeof settingKeys)[Name] extends { secret: true } ? Name : never
}[SettingName]

const secretNames = settingNames.filter((name) => settingKeyOf(name).secret === true)

export const settingSecrets = sealedColumn({
  ...{ table: 'setting', column: 'value', key: 'name', keys: secretNames },
  holds: 'passwords and client secrets of directories and providers, in the settings',
  givenUp: 'deleted',
})

type SettingValue = string | number | boolean

/** The settings that administrators change while the registry runs. The operator's are in Config. */
export class Settings {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #secrets: Secrets
  /** Without the secrets. */
  readonly #cached: EpochCache<SettingValues>
  readonly #opened: EpochCache<string>
  readonly fixed: FixedSettings
  readonly #checks: SettingChecks

  constructor({ database, clock, events, secrets, fixed, checks = {} }: SettingsOptions) {
    this.#checks = checks
    this.fixed = fixed
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#secrets = secrets
    this.#cached = new EpochCache<SettingValues>(database, 1)
    this.#opened = new EpochCache<string>(database, secretNames.length)
  }

  /** All of them, with defaults where nothing was set; secrets are empty. */
  async getSettings(): Promise<SettingValues> {
    const values = await this.#all()
    return { ...values, ...this.fixed }
  }

  /** For the code that uses the secrets; never for an answer. @throws DomainError SECRET_UNREADABLE */
  async getSecret(name: SecretSettingName): Promise<string> {
    return await this.#opened.get(name, async () => {
      const { read } = this.#database
      const row = await read.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
      if (row === undefined) return settingKeys[name].default
      return JSON.parse(await this.#secrets.open(read, placeIn(settingSecrets, name), row.value)) as string
    })
  }

  async #all(): Promise<SettingValues> {
    return await this.#cached.get('all', async () => {
      const rows = await this.#database.read
        .selectFrom('setting')
        .select(['name', 'value'])
        .where('name', 'not in', secretNames)
        .execute()
      const stored = new Map(rows.map((row) => [row.name, JSON.parse(row.value) as SettingValue]))
      return Object.fromEntries(
        settingNames.map((name) => [name, stored.get(name) ?? settingKeys[name].default]),
      ) as unknown as SettingValues
    })
  }

  /**
   * Changes those that are named. Numbers and truth values may come as text.
   * @throws DomainError BAD_REQUEST (a name that is no setting, a value that cannot be), UNAUTHENTICATED, FORBIDDEN (also for fixed settings)
   */
  async updateSettings(actor: Actor, changes: Readonly<Record<string, unknown>>): Promise<void> {
    assertMayChange(actor, Object.keys(changes))
    assertNames(Object.keys(changes))
    this.#assertFixed(changes)
    const named = settingNames.filter(
      (name) => changes[name] !== undefined && changes[name] !== null && !(name in this.fixed),
    )
    const values = await Promise.all(
      named.map(async (name) => ({ name, value: await parseValue(name, changes[name]) })),
    )
    if (values.length === 0) return
    await this.#assertChecked(values)
    const now = this.#clock.now()
    await this.#database.write(async (tx) => {
      // Some of them say whose groups are administrators.
      const asker = await currentActor(tx, actor, now)
      assertMayChange(asker, Object.keys(changes))
      await assertProvedLately(tx, asker, now)
      await assertBuilt(tx, values)
      await assertForwarded(tx, values)
      const rows: Insertable<SettingTable>[] = []
      for (const each of values) rows.push({ ...(await this.#rowOf(tx, each)), updated_at: now })
      await tx
        .insertInto('setting')
        .values(rows)
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet((eb) => ({
            value: eb.ref('excluded.value'),
            updated_at: eb.ref('excluded.updated_at'),
          })),
        )
        .execute()
      await this.#events.record(tx, actor, {
        type: 'update_configuration',
        changed: values.map(({ name }) => name),
      })
    })
  }

  async #rowOf(tx: Writer, { name, value }: { readonly name: SettingName; readonly value: SettingValue }) {
    const json = JSON.stringify(value)
    const isSecret = settingKeyOf(name).secret === true
    return { name, value: isSecret ? await this.#secrets.seal(tx, placeIn(settingSecrets, name), json) : json }
  }

  /** What stands already is not tried again: the other side may be away just now. */
  async #assertChecked(values: readonly { readonly name: SettingName; readonly value: SettingValue }[]): Promise<void> {
    const known = await this.#all()
    for (const { name, value } of values) {
      const check = this.#checks[name]
      if (check === undefined || value === known[name] || value === '') continue
      const why = await check(String(value))
      if (why !== undefined) throw new DomainError('BAD_REQUEST', why)
    }
  }

  /** Tools write back everything they have read, and an equal value is no change. */
  #assertFixed(changes: Readonly<Record<string, unknown>>): void {
    for (const [name, value] of Object.entries(this.fixed)) {
      const given = changes[name]
      if (given === undefined || given === null || String(given) === String(value)) continue
      throw new DomainError('FORBIDDEN', `${name} is ${value} here and cannot be changed while the registry runs`)
    }
  }
}

/** @throws DomainError BAD_REQUEST in Harbor's words, for a misspelt name that would change nothing without a word */
function assertNames(names: readonly string[]): void {
  const unknown = names.filter((name) => !isSettingName(name) && !passedOverNames.has(name))
  if (unknown.length === 0) return
  const said = unknown.join(', ').slice(0, 200)
  throw new DomainError(
    'BAD_REQUEST',
    `configure item is not defined in metadata: ${said}; GET /configurations lists all that there are`,
  )
}

/** @throws DomainError BAD_REQUEST for what this version does not do, unless it stands so already */
async function assertBuilt(
  tx: Writer,
  values: readonly { readonly name: SettingName; readonly value: SettingValue }[],
): Promise<void> {
  for (const { name, value } of values) {
    const { unbuilt, default: standard } = settingKeyOf(name)
    if (unbuilt === undefined || value === standard) continue
    const row = await tx.selectFrom('setting').select('value').where('name', '=', name).executeTakeFirst()
    if (row !== undefined && settingKeyOf(name).secret !== true && JSON.parse(row.value) === value) continue
    throw new DomainError('BAD_REQUEST', unbuilt.startsWith('cannot') ? `${name} ${unbuilt}` : unbuilt)
  }
}

/**
 * The audit log leaves the database only for somebody who has it.
 * @throws DomainError BAD_REQUEST in Harbor's words
 */
async function assertForwarded(
  tx: Writer,
  values: readonly { readonly name: SettingName; readonly value: SettingValue }[],
): Promise<void> {
  const names = ['skip_audit_log_database', 'audit_log_forward_endpoint'] as const
  if (!values.some(({ name }) => (names as readonly string[]).includes(name))) return
  const rows = await tx.selectFrom('setting').select(['name', 'value']).where('name', 'in', names).execute()
  const after = (name: (typeof names)[number]) => {
    const given = values.find((each) => each.name === name)
    const row = rows.find((each) => each.name === name)
    return given?.value ?? (row === undefined ? settingKeyOf(name).default : (JSON.parse(row.value) as SettingValue))
  }
  if (after('skip_audit_log_database') !== true || after('audit_log_forward_endpoint') !== '') return
  throw new DomainError(
    'BAD_REQUEST',
    'audit log forward endpoint should be configured before enable skip audit log in database',
  )
}

const maxTextLength = 65_536

async function parseValue(name: SettingName, given: unknown): Promise<SettingValue> {
  const { default: standard, refuse } = settingKeyOf(name)
  const value =
    typeof standard === 'string' ? textOf(given) : typeof standard === 'number' ? numberOf(given) : truthOf(given)
  const why = value === undefined ? `should be a ${typeof standard}` : await refuse?.(value)
  if (value === undefined || why !== undefined) throw new DomainError('BAD_REQUEST', `${name} ${why}`)
  return value
}

function textOf(given: unknown): string | undefined {
  return typeof given === 'string' && given.length <= maxTextLength ? given : undefined
}

function numberOf(given: unknown): number | undefined {
  const value = typeof given === 'string' && /^-?\d{1,15}$/.test(given.trim()) ? Number(given) : given
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
}

function truthOf(given: unknown): boolean | undefined {
  if (typeof given === 'boolean') return given
  return given === 'true' ? true : given === 'false' ? false : undefined
}

/** What the audit log keeps and where it is sent. */
const ofAuditLog: ReadonlySet<string> = new Set<SettingName>([
  ...(['audit_log_pull_events', 'audit_log_forward_endpoint', 'skip_audit_log_database'] as const),
  'disabled_audit_log_event_types',
])

/**
 * Audit administrators change those of the audit log, and system administrators the others; all as long as there is no audit administrator.
 * @throws DomainError UNAUTHENTICATED, FORBIDDEN
 */
function assertMayChange(actor: Actor, names: readonly string[]): void {
  if (names.length > 0 && hasDuty(actor, 'audit') && names.every((name) => ofAuditLog.has(name))) return
  assertSystemAdministrator(actor)
  const apart = names.find((name) => ofAuditLog.has(name))
  if (apart !== undefined && isApart(actor, 'audit'))
    throw new DomainError('FORBIDDEN', `only an audit administrator may change ${apart}`)
}
