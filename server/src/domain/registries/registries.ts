import type { Selectable } from 'kysely'
import type { Database, Reader, Writer } from '../../database/database.ts'
import { isForeignKeyViolation, isUniqueViolation } from '../../database/violations.ts'
import type { RegistryTable } from '../../database/schema/registries.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInSystem } from '../access/roles/authorise.ts'
import type { SystemPermission } from '../access/roles/grantable-permissions.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { checked, type RegistryChange, type RegistryFields } from './check-registry.ts'
import type { ProbeRegistry, RegistryAddress } from './probe-registry.ts'
import { apiUrlOf, tokenHostsOf } from './registry-types.ts'

/** A remote registry as people see it: whether it has a secret, never which. */
export interface Registry {
  readonly id: number
  readonly name: string
  readonly type: string
  readonly url: string
  readonly description: string
  readonly insecure: boolean
  /** PEM. */
  readonly authority: string | undefined
  readonly credentialType: string
  readonly accessKey: string
  readonly hasSecret: boolean
  readonly status: 'healthy' | 'unhealthy'
  readonly createdAt: number
  readonly updatedAt: number
}

export interface RegistriesOptions {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly secrets: Secrets
  readonly probe: ProbeRegistry
}

export const registrySecrets = sealedColumn({
  ...{ table: 'registry', column: 'access_secret', key: 'id' },
  holds: 'credentials of remote registries',
  givenUp: 'emptied',
})

const columns: ListColumns = {
  id: { ref: 'registry.id', type: 'number' },
  name: { ref: 'registry.name', type: 'text' },
  type: { ref: 'registry.type', type: 'text' },
  url: { ref: 'registry.url', type: 'text' },
  description: { ref: 'registry.description', type: 'text' },
  status: { ref: 'registry.status', type: 'text' },
  insecure: { ref: 'registry.insecure', type: 'flag' },
  creation_time: { ref: 'registry.created_at', type: 'time' },
  update_time: { ref: 'registry.updated_at', type: 'time' },
}

/** The remote registries that this one knows. Each is tried before it is taken, outside of any transaction. */
export class Registries {
  readonly #database: Database
  readonly #clock: Clock
  readonly #events: Events
  readonly #secrets: Secrets
  readonly #probe: ProbeRegistry

  constructor({ database, clock, events, secrets, probe }: RegistriesOptions) {
    this.#database = database
    this.#clock = clock
    this.#events = events
    this.#secrets = secrets
    this.#probe = probe
  }

  /** @throws DomainError BAD_REQUEST (also when it cannot be used), CONFLICT, UNAUTHENTICATED, FORBIDDEN */
  async createRegistry(actor: Actor, given: RegistryFields): Promise<number> {
    assertCanInSystem(actor, 'registry:create')
    const fields = checked(given)
    await this.#assertHealthy(fields)
    const now = this.#clock.now()
    return await named(fields.name, async () =>
      this.#database.write(async (tx) => {
        await this.#assertMayNow(tx, actor, 'registry:create')
        const { id } = await tx
          .insertInto('registry')
          .values({ ...rowOf(fields), access_secret: '', status: 'healthy', created_at: now, updated_at: now })
          .returning('id')
          .executeTakeFirstOrThrow()
        // A secret is bound to its row, which has its id from now on.
        const access_secret = await this.#seal(tx, id, fields.accessSecret)
        await tx.updateTable('registry').set({ access_secret }).where('id', '=', id).execute()
        await this.#events.record(tx, actor, { type: 'create_registry', registryId: id, registry: fields.name })
        return id
      }),
    )
  }

  /** @throws DomainError REGISTRY_UNKNOWN, UNAUTHENTICATED, FORBIDDEN */
  async getRegistry(actor: Actor, id: number): Promise<Registry> {
    assertCanInSystem(actor, 'registry:read')
    return registryOf(await this.#getRow(id))
  }

  /** @throws DomainError BAD_REQUEST (a condition that cannot be), UNAUTHENTICATED, FORBIDDEN */
  async pageRegistries(actor: Actor, { conditions, sort, limit, offset }: Listing): Promise<Listed<Registry>> {
    assertCanInSystem(actor, 'registry:list')
    let matched = this.#database.read.selectFrom('registry')
    for (const condition of matching(columns, conditions)) matched = matched.where(condition)
    const { total } = await matched
      .select((eb) => eb.fn.countAll<number | string>().as('total'))
      .executeTakeFirstOrThrow()
    let page = matched.selectAll()
    for (const { ref, direction } of ordering(columns, sort, [{ key: 'creation_time', descending: true }]))
      page = page.orderBy(ref, direction)
    const rows = await page.orderBy('registry.id', 'desc').limit(limit).offset(offset).execute()
    return { rows: rows.map(registryOf), total: Number(total) }
  }

  /** @throws DomainError REGISTRY_UNKNOWN, BAD_REQUEST (also when it cannot be used so), CONFLICT, FORBIDDEN */
  async updateRegistry(actor: Actor, id: number, change: RegistryChange): Promise<void> {
    assertCanInSystem(actor, 'registry:update')
    const row = await this.#getRow(id)
    const fields = checked(merged(row, await this.#known(row, change), change))
    await this.#assertHealthy(fields)
    const changed = Object.keys(change).filter((key) => change[key as keyof RegistryChange] !== undefined)
    await named(fields.name, async () =>
      this.#database.write(async (tx) => {
        await this.#assertMayNow(tx, actor, 'registry:update')
        const { numUpdatedRows } = await tx
          .updateTable('registry')
          .set({
            ...rowOf(fields),
            access_secret: await this.#seal(tx, id, fields.accessSecret),
            status: 'healthy',
            updated_at: this.#clock.now(),
          })
          .where('id', '=', id)
          .executeTakeFirst()
        if (numUpdatedRows === 0n) throw registryUnknown(id)
        await this.#events.record(tx, actor, {
          type: 'update_registry',
          registryId: id,
          registry: fields.name,
          changed,
        })
      }),
    )
  }

  /** @throws DomainError REGISTRY_UNKNOWN, PRECONDITION while a project is its cache or a rule names it, UNAUTHENTICATED, FORBIDDEN */
  async deleteRegistry(actor: Actor, id: number): Promise<void> {
    assertCanInSystem(actor, 'registry:delete')
    await unlessCached(id, this.#database.read, async () =>
      this.#database.write(async (tx) => {
        await assertUnused(tx, id)
        const row = await tx.deleteFrom('registry').where('id', '=', id).returning('name').executeTakeFirst()
        if (row === undefined) throw registryUnknown(id)
        await this.#events.record(tx, actor, { type: 'delete_registry', registryId: id, registry: row.name })
      }),
    )
  }

  /**
   * Tries what is given, over what is known of the registry of that id, and remembers how a known one is.
   * @throws DomainError BAD_REQUEST when it cannot be used, REGISTRY_UNKNOWN, UNAUTHENTICATED, FORBIDDEN
   */
  async pingRegistry(actor: Actor, id: number | undefined, given: RegistryChange): Promise<void> {
    assertCanInSystem(actor, 'registry:read')
    if (id === undefined && (!given.type || !given.url))
      throw new DomainError('BAD_REQUEST', 'type or url cannot be empty')
    if (id === undefined) return await this.#assertHealthy(checked({ ...nothing, ...defined(given), name: 'ping' }))
    const row = await this.#getRow(id)
    const fields = checked(merged(row, await this.#known(row, given), given))
    const problem = await this.#findProblem(fields)
    if (Object.keys(defined(given)).length === 0) {
      const status = problem === undefined ? 'healthy' : 'unhealthy'
      await this.#database.write(async (tx) =>
        tx.updateTable('registry').set({ status }).where('id', '=', id).execute(),
      )
    }
    if (problem !== undefined) throw unhealthy(problem)
  }

  /** With its secret, for work in the background. @throws DomainError REGISTRY_UNKNOWN, SECRET_UNREADABLE */
  async getAddress(id: number): Promise<RegistryAddress> {
    const row = await this.#getRow(id)
    return addressOf({ ...registryOf(row), accessSecret: await this.#open(row) })
  }

  /** For those who see a project that is its cache: nothing but its public facts may be shown to them. */
  async findCached(id: number): Promise<Registry | undefined> {
    const row = await this.#database.read.selectFrom('registry').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : registryOf(row)
  }

  /** As people see it, and with its secret, for work in the background. @throws DomainError REGISTRY_UNKNOWN, SECRET_UNREADABLE */
  async getRemote(id: number): Promise<{ readonly registry: Registry; readonly address: RegistryAddress }> {
    const row = await this.#getRow(id)
    const registry = registryOf(row)
    return { registry, address: addressOf({ ...registry, accessSecret: await this.#open(row) }) }
  }

  /** Where its registry API is; undefined when there is none of that id. */
  async findUrl(id: number): Promise<string | undefined> {
    const row = await this.#database.read
      .selectFrom('registry')
      .select(['type', 'url'])
      .where('id', '=', id)
      .executeTakeFirst()
    return row === undefined ? undefined : apiUrlOf(row.type, row.url)
  }

  /** The other registry takes its time to answer: rights may have gone since. */
  async #assertMayNow(tx: Writer, actor: Actor, permission: SystemPermission): Promise<void> {
    assertCanInSystem(await currentActor(tx, actor, this.#clock.now()), permission)
  }

  async #seal(tx: Writer, id: number, secret: string): Promise<string> {
    return await this.#secrets.seal(tx, placeIn(registrySecrets, id), secret)
  }

  /** The secret that stays. One that is given again need not be readable. */
  async #known(row: Row, change: RegistryChange): Promise<string> {
    return change.accessSecret === undefined ? await this.#open(row) : ''
  }

  async #open({ id, access_secret: sealed }: Row): Promise<string> {
    return await this.#secrets.open(this.#database.read, placeIn(registrySecrets, id), sealed)
  }

  async #getRow(id: number): Promise<Row> {
    const row = await this.#database.read.selectFrom('registry').selectAll().where('id', '=', id).executeTakeFirst()
    if (row === undefined) throw registryUnknown(id)
    return row
  }

  async #assertHealthy(fields: RegistryFields): Promise<void> {
    const problem = await this.#findProblem(fields)
    if (problem !== undefined) throw unhealthy(problem)
  }

  async #findProblem(fields: RegistryFields) {
    return await this.#probe(addressOf(fields))
  }
}

/** @throws DomainError PRECONDITION */
async function assertUnused(tx: Writer, id: number): Promise<void> {
  const rule = await tx
    .selectFrom('replication_policy')
    .select('id')
    .where((eb) => eb.or([eb('source_registry_id', '=', id), eb('destination_registry_id', '=', id)]))
    .limit(1)
    .executeTakeFirst()
  if (rule === undefined) return
  throw new DomainError('PRECONDITION', `the registry ${id} is referenced by replication policies, cannot delete it`)
}

type Row = Selectable<RegistryTable>

type AddressFields = Pick<RegistryFields, 'type' | 'url' | 'accessKey' | 'accessSecret' | 'insecure' | 'authority'>

function addressOf({ type, url, accessKey, accessSecret, insecure, authority }: AddressFields): RegistryAddress {
  const credential = accessKey === '' && accessSecret === '' ? undefined : { accessKey, accessSecret }
  return { url: apiUrlOf(type, url), credential, insecure, authority, tokenHosts: tokenHostsOf(type) }
}

const nothing: RegistryFields = {
  name: '',
  type: '',
  url: '',
  description: '',
  insecure: false,
  authority: undefined,
  credentialType: '',
  accessKey: '',
  accessSecret: '',
}

function defined(change: RegistryChange): Partial<RegistryFields> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

/** @throws DomainError BAD_REQUEST when a secret would go to another place than the one it was given for */
function merged(row: Row, accessSecret: string, change: RegistryChange): RegistryFields {
  const known: RegistryFields = { ...registryOf(row), accessSecret }
  const moved = change.url !== undefined && originOf(change.url) !== originOf(row.url)
  const weaker = change.insecure === true && row.insecure === 0
  if ((moved || weaker) && accessSecret !== '' && change.accessSecret === undefined) {
    throw new DomainError(
      'BAD_REQUEST',
      'give the access_secret again: it was given for another url or for a verified one',
    )
  }
  return { ...known, ...defined(change) }
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url)

function rowOf(fields: RegistryFields) {
  return {
    name: fields.name,
    type: fields.type,
    url: fields.url,
    description: fields.description,
    insecure: fields.insecure ? (1 as const) : (0 as const),
    ca_certificate: fields.authority || null,
    credential_type: fields.credentialType,
    access_key: fields.accessKey,
  }
}

function registryOf(row: Row): Registry {
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    url: row.url,
    description: row.description,
    insecure: row.insecure === 1,
    authority: row.ca_certificate ?? undefined,
    credentialType: row.credential_type,
    accessKey: row.access_key,
    hasSecret: row.access_secret !== '',
    status: row.status === 'healthy' ? 'healthy' : 'unhealthy',
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

async function named<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new DomainError('CONFLICT', `there is a registry ${name} already`, { reason: 'NAME_TAKEN' })
  }
}

async function unlessCached(id: number, reader: Reader, deletion: () => Promise<void>): Promise<void> {
  try {
    await deletion()
  } catch (cause) {
    if (!isForeignKeyViolation(cause)) throw cause
    const cached = await reader.selectFrom('project').select('name').where('registry_id', '=', id).limit(3).execute()
    const names = cached.map(({ name }) => name).join(', ')
    const message = `the registry ${id} is referenced by proxy cache project, cannot delete it: delete ${names} first`
    throw new DomainError('PRECONDITION', message, { cause })
  }
}

function unhealthy(problem: string): DomainError {
  return new DomainError('BAD_REQUEST', `the registry is unhealthy: ${problem}`)
}

function registryUnknown(id: number): DomainError {
  return new DomainError('REGISTRY_UNKNOWN', `registry ${id} not found`)
}
