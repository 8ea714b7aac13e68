import { connect } from 'node:net'
import { connect as secureConnect, type ConnectionOptions } from 'node:tls'
import {
  AndFilter,
  Client,
  EqualityFilter,
  InvalidCredentialsError,
  NoSuchObjectError,
  OrFilter,
  PresenceFilter,
  ResultCodeError,
  SizeLimitExceededError,
  SubstringFilter,
  type Entry,
  type Filter,
} from 'ldapts'
import { parseFilter } from './ldap-filter.ts'
import { isBelow, LdapFailure, normaliseDn, parseLdapUrl } from './ldap-names.ts'
import { connectionGuard, OutboundFailure } from './outbound.ts'

/** How to reach a directory and where to look in it; what Harbor's settings `ldap_*` say. */
export interface LdapServer {
  readonly url: string
  /** Empty: the directory may be searched without an account. */
  readonly searchDn: string
  readonly searchPassword: string
  readonly startTls: boolean
  readonly verifyCertificate: boolean
  /** PEM; instead of the authorities of the system. */
  readonly authority: string | undefined
  readonly timeoutMs: number
}

export type LdapScope = 'base' | 'one' | 'sub'

export interface LdapPeople {
  readonly baseDn: string
  readonly filter: string
  readonly scope: LdapScope
  /** The attribute that people type in as their username. */
  readonly usernameAttribute: string
  /** The attribute of a person that names their groups; empty: the directory has none, and groups name their members. */
  readonly membershipAttribute: string
}

export interface LdapGroups {
  readonly baseDn: string
  readonly filter: string
  readonly scope: LdapScope
  readonly nameAttribute: string
}

export interface LdapPerson {
  readonly dn: string
  /** What stays when the entry is moved or renamed, where the directory has it. */
  readonly stableId: string | undefined
  readonly username: string
  readonly email: string | undefined
  readonly realName: string
  /** Distinguished names of groups, as the membership attribute has them. */
  readonly memberOf: readonly string[]
}

export interface LdapGroup {
  readonly dn: string
  readonly name: string
}

/** Directories list no more than about a thousand at a time, so they are asked for pages (RFC 2696). */
const pageSize = 100
const maxEntries = 100_000

/** OpenLDAP, Active Directory, 389 Directory Server, FreeIPA, eDirectory. Two of them are bytes. */
const stableIds = ['entryUUID', 'objectGUID', 'nsUniqueId', 'ipaUniqueID', 'GUID']
const stableIdsOfBytes = ['objectGUID', 'GUID']

/** One conversation with a directory, bound as its search account. `await using` ends it. */
export class LdapConversation implements AsyncDisposable {
  readonly #client: Client
  readonly #server: LdapServer
  readonly #open: () => Client

  private constructor(client: Client, server: LdapServer, open: () => Client) {
    this.#client = client
    this.#server = server
    this.#open = open
  }

  /** @throws LdapFailure no connection, no TLS, or the search account is refused */
  static async begin(server: LdapServer, { allowLocal }: { allowLocal: boolean }): Promise<LdapConversation> {
    const url = parseLdapUrl(server.url)
    const open = () => openClient(url, server, allowLocal)
    const client = open()
    try {
      await secure(client, url, server)
      if (server.searchDn !== '') {
        // With an empty password this would be an unauthenticated bind (RFC 4513 §5.1.2), which proves nothing.
        if (server.searchPassword === '') throw new LdapFailure('ldap_search_password is empty')
        await client.bind(server.searchDn, server.searchPassword)
      }
      return new LdapConversation(client, server, open)
    } catch (cause) {
      await end(client)
      if (cause instanceof InvalidCredentialsError) {
        throw new LdapFailure('the directory refuses ldap_search_dn with its password', { cause })
      }
      throw failureOf(cause, server.url)
    }
  }

  /** The people whose username is exactly this; with `*` in front and behind, those whose username contains it. */
  async findPeople(people: LdapPeople, username: string, match: 'exact' | 'containing'): Promise<LdapPerson[]> {
    const { usernameAttribute: attribute } = people
    const wanted =
      username === ''
        ? new PresenceFilter({ attribute })
        : match === 'exact'
          ? new EqualityFilter({ attribute, value: username })
          : new SubstringFilter({ attribute, any: [username] })
    const attributes = [
      attribute,
      'cn',
      'mail',
      'email',
      ...stableIds,
      ...(people.membershipAttribute ? [people.membershipAttribute] : []),
    ]
    // Two people of one name are enough to know that it is nobody's alone.
    const within = match === 'exact' ? { ...people, most: 2 } : people
    const entries = await this.#search(within, both(people.filter, wanted), attributes)
    return entries.flatMap((entry) => personOf(entry, people) ?? [])
  }

  /** Those of the groups that the person's entry names which are in scope. */
  async findGroupsNamed(groups: LdapGroups, dns: readonly string[]): Promise<LdapGroup[]> {
    const unique = new Map(dns.map((dn) => [normaliseDn(dn), dn]))
    const found: LdapGroup[] = []
    for (const dn of unique.values()) {
      const group = await this.findGroup(groups, dn)
      if (group !== undefined) found.push(group)
    }
    return found
  }

  /** Groups that have the person among their members. */
  async findGroupsWith(groups: LdapGroups, { dn, username }: LdapPerson): Promise<LdapGroup[]> {
    const members = new OrFilter({
      filters: [
        new EqualityFilter({ attribute: 'member', value: dn }),
        new EqualityFilter({ attribute: 'uniqueMember', value: dn }),
        new EqualityFilter({ attribute: 'memberUid', value: username }),
      ],
    })
    return await this.#searchGroups(groups, members)
  }

  async findGroup(groups: LdapGroups, dn: string): Promise<LdapGroup | undefined> {
    if (!isBelow(dn, groups.baseDn)) return undefined
    const entries = await this.#search({ baseDn: dn, scope: 'base', most: 1 }, parseFilter(groups.filter), [
      groups.nameAttribute,
      'cn',
    ])
    return entries.map((entry) => groupOf(entry, groups))[0]
  }

  async searchGroups(groups: LdapGroups, name: string): Promise<LdapGroup[]> {
    const { nameAttribute: attribute } = groups
    const wanted = name === '' ? new PresenceFilter({ attribute }) : new SubstringFilter({ attribute, any: [name] })
    return await this.#searchGroups(groups, wanted)
  }

  /** Whether it is the person's password; asked on a connection of its own, which ends with the answer. */
  async isPassword(dn: string, password: string): Promise<boolean> {
    // An empty one would be an unauthenticated bind, which every directory answers with success.
    if (password === '') return false
    const client = this.#open()
    try {
      await secure(client, parseLdapUrl(this.#server.url), this.#server)
      await client.bind(dn, password)
      return true
    } catch (cause) {
      if (cause instanceof InvalidCredentialsError) return false
      // An account that is locked, expired or must change its password: refused, whatever the code.
      if (cause instanceof ResultCodeError && refusals.has(cause.code)) return false
      throw failureOf(cause, this.#server.url)
    } finally {
      await end(client)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#client)
  }

  async #searchGroups(groups: LdapGroups, wanted: Filter): Promise<LdapGroup[]> {
    const filter = both(groups.filter, wanted)
    const entries = await this.#search(groups, filter, [groups.nameAttribute, 'cn'])
    return entries.map((entry) => groupOf(entry, groups))
  }

  async #search(
    { baseDn, scope, most }: { readonly baseDn: string; readonly scope: LdapScope; readonly most?: number },
    filter: Filter,
    attributes: string[],
  ): Promise<Entry[]> {
    try {
      const options = { scope, filter, attributes, explicitBufferAttributes: stableIdsOfBytes }
      if (most !== undefined) return (await this.#client.search(baseDn, { ...options, sizeLimit: most })).searchEntries
      const found: Entry[] = []
      for await (const page of this.#client.searchPaginated(baseDn, { ...options, paged: { pageSize } })) {
        for (const entry of page.searchEntries) found.push(entry)
        if (found.length > maxEntries)
          throw new LdapFailure(`the directory has more than ${maxEntries} entries of this kind; narrow the filter`)
      }
      return found
    } catch (cause) {
      if (cause instanceof NoSuchObjectError && scope === 'base') return []
      if (cause instanceof NoSuchObjectError) throw new LdapFailure(`the directory has no ${baseDn}`, { cause })
      if (cause instanceof SizeLimitExceededError)
        throw new LdapFailure('the directory has more entries than it lists; ask for a part of the name', { cause })
      throw failureOf(cause, this.#server.url)
    }
  }
}

/** Result codes with which a directory refuses the asking account (RFC 4511 §A.1): 19, 48, 49, 50, 53. */
const refusals = new Set([19, 48, 49, 50, 53])

function both(operators: string, wanted: Filter): Filter {
  return operators.trim() === '' ? wanted : new AndFilter({ filters: [parseFilter(operators), wanted] })
}

function personOf(entry: Entry, people: LdapPeople): LdapPerson | undefined {
  const username = firstText(entry, people.usernameAttribute)
  if (username === undefined) return undefined
  return {
    dn: entry.dn,
    stableId: stableIdOf(entry),
    username,
    email: firstText(entry, 'mail') ?? firstText(entry, 'email'),
    realName: firstText(entry, 'cn') ?? username,
    memberOf: people.membershipAttribute === '' ? [] : textsOf(entry, people.membershipAttribute),
  }
}

function stableIdOf(entry: Entry): string | undefined {
  for (const attribute of stableIds) {
    const name = Object.keys(entry).find((each) => each.toLowerCase() === attribute.toLowerCase())
    const value = name === undefined ? undefined : [entry[name]].flat()[0]
    const text = Buffer.isBuffer(value) ? value.toString('hex') : String(value ?? '').toLowerCase()
    if (text !== '') return `${attribute.toLowerCase()} ${text}`
  }
  return undefined
}

function groupOf(entry: Entry, groups: LdapGroups): LdapGroup {
  return { dn: entry.dn, name: firstText(entry, groups.nameAttribute) ?? firstText(entry, 'cn') ?? entry.dn }
}

const firstText = (entry: Entry, attribute: string): string | undefined => textsOf(entry, attribute)[0]

/** Names of attributes do not care about case (RFC 4512 §1.4), directories write them in their own. */
function textsOf(entry: Entry, attribute: string): string[] {
  const wanted = attribute.toLowerCase()
  const name = Object.keys(entry).find((each) => each.toLowerCase() === wanted)
  const value = name === undefined ? [] : (entry[name] ?? [])
  return (Array.isArray(value) ? value : [value]).map(String).filter((text) => text !== '')
}

function openClient(url: URL, server: LdapServer, allowLocal: boolean): Client {
  const { lookup, assertAllowed } = connectionGuard(allowLocal)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new Client({
    url: url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin,
    timeout: server.timeoutMs,
    connectTimeout: server.timeoutMs,
    strictDN: false,
    // The library takes their presence to mean ldaps.
    ...(url.protocol === 'ldaps:' ? { tlsOptions: tlsOptionsOf(host, server) } : {}),
    createConnection: ((port: number, to: string) => {
      assertAllowed(to)
      return connect({ port, host: to, ...lookup })
    }) as typeof connect,
    createSecureConnection: ((...given: unknown[]) => {
      // For ldaps with port, host and options; for StartTLS with options that bring the open socket.
      if (typeof given[0] !== 'number') return secureConnect(given[0] as ConnectionOptions)
      const [port, to, options] = given as [number, string, ConnectionOptions]
      assertAllowed(to)
      return secureConnect({ ...options, port, host: to, ...lookup })
    }) as typeof secureConnect,
  })
}

function tlsOptionsOf(host: string, { verifyCertificate, authority }: LdapServer): ConnectionOptions {
  return {
    rejectUnauthorized: verifyCertificate,
    ...(/^[0-9.]+$|:/.test(host) ? {} : { servername: host }),
    ...(authority === undefined ? {} : { ca: authority }),
  }
}

async function secure(client: Client, url: URL, server: LdapServer): Promise<void> {
  if (!server.startTls || url.protocol === 'ldaps:') return
  await client.startTLS(tlsOptionsOf(url.hostname, server))
}

async function end(client: Client): Promise<void> {
  // The other side may have hung up; there is nothing left to say to it.
  await client.unbind().catch(() => {})
}

function failureOf(cause: unknown, url: string): LdapFailure {
  if (cause instanceof LdapFailure) return cause
  if (cause instanceof OutboundFailure) return new LdapFailure(cause.message, { cause })
  return new LdapFailure(`the directory ${url} cannot be asked: ${(cause as Error).message}`, { cause })
}
