import type {
  LdapConversation,
  LdapGroup,
  LdapGroups,
  LdapPeople,
  LdapPerson,
  LdapScope,
  LdapServer,
} from '../../clients/ldap.ts'
import { LdapFailure, normaliseDn } from '../../clients/ldap-names.ts'
import type { GroupIdentity } from '../access/accounts/user-groups.ts'
import { DomainError } from '../errors.ts'
import type { SettingValues } from '../settings/setting-keys.ts'
import type { Settings } from '../settings/settings.ts'
import type { ExternalPerson } from './external-accounts.ts'
import { harmlessUsername } from './harmless-username.ts'

/** Settings that a test of a directory may try instead of the stored ones. */
export type DirectoryTrial = Partial<
  Pick<
    SettingValues,
    | 'ldap_url'
    | 'ldap_search_dn'
    | 'ldap_search_password'
    | 'ldap_base_dn'
    | 'ldap_filter'
    | 'ldap_uid'
    | 'ldap_scope'
    | 'ldap_timeout'
    | 'ldap_verify_cert'
    | 'ldap_start_tls'
    | 'ldap_ca_certificate'
  >
>

/** A person as the directory shows them to an administrator. */
export interface DirectoryEntry {
  readonly username: string
  readonly realName: string
  readonly email: string | undefined
}

/** The LDAP directory that the settings name. People prove their identity to it, and it names their groups. */
export class Directory {
  readonly #settings: Settings
  readonly #allowLocal: boolean

  constructor({ settings, allowLocal }: { settings: Settings; allowLocal: boolean }) {
    this.#settings = settings
    this.#allowLocal = allowLocal
  }

  normaliseDn(dn: string): string {
    return normaliseDn(dn)
  }

  /**
   * The person, when the password is theirs.
   * @throws DomainError UNAVAILABLE when the directory cannot be asked; the sign-in then fails without a word about the
   * password
   */
  async authenticate(username: string, password: string): Promise<ExternalPerson | undefined> {
    // RFC 4513 §5.1.2: a bind without a password proves nothing and succeeds.
    if (username === '' || password === '') return undefined
    return await this.#ask(async (conversation, values) => {
      const person = await findOne(conversation, values, username)
      if (person === undefined || !(await conversation.isPassword(person.dn, password))) return undefined
      return await withGroups(conversation, values, person)
    })
  }

  /**
   * A person by their name alone, for an administrator who gives them an account.
   * @throws DomainError UNAVAILABLE
   */
  async findPerson(username: string): Promise<ExternalPerson | undefined> {
    return await this.#ask(async (conversation, values) => {
      const person = await findOne(conversation, values, username)
      return person === undefined ? undefined : await withGroups(conversation, values, person)
    })
  }

  /** People with `name` in their username. @throws DomainError UNAVAILABLE, PRECONDITION (no directory is set) */
  async searchPeople(name: string): Promise<DirectoryEntry[]> {
    return await this.#ask(async (conversation, values) => {
      const people = await conversation.findPeople(peopleOf(values), name, 'containing')
      return people.map(({ username, realName, email }) => ({ username, realName, email }))
    })
  }

  /** Groups with `name` in theirs, or the one with this distinguished name. Throws as `searchPeople`. */
  async searchGroups({ name, dn }: { readonly name?: string; readonly dn?: string }): Promise<GroupIdentity[]> {
    return await this.#ask(async (conversation, values) => {
      const groups = groupsOf(values)
      if (groups === undefined) throw new DomainError('PRECONDITION', 'set ldap_group_base_dn first')
      if (dn === undefined) return (await conversation.searchGroups(groups, name ?? '')).map(identityOf)
      const found = await conversation.findGroup(groups, dn)
      return found === undefined ? [] : [identityOf(found)]
    })
  }

  /** @throws DomainError GROUP_UNKNOWN, UNAVAILABLE, PRECONDITION */
  async getGroup(dn: string): Promise<GroupIdentity> {
    const [found] = await this.searchGroups({ dn })
    if (found === undefined) throw new DomainError('GROUP_UNKNOWN', `the directory has no group ${dn.slice(0, 200)}`)
    return found
  }

  /** The reason why the directory cannot be used, as a sentence; undefined when it can. */
  async test(trial: DirectoryTrial): Promise<string | undefined> {
    const values = await this.#values()
    const tried = { ...values, ...trial }
    // The secret that is set goes only to the server and the account that it is set for.
    const moved = tried.ldap_url !== values.ldap_url || tried.ldap_search_dn !== values.ldap_search_dn
    if (trial.ldap_search_password === undefined && moved) tried.ldap_search_password = ''
    try {
      if (tried.ldap_url === '') return 'ldap_url is not set'
      await using conversation = await this.#begin(tried)
      if (tried.ldap_base_dn === '') return 'ldap_base_dn is not set: below which entry are the people?'
      await conversation.findPeople(peopleOf(tried), 'nobody-of-this-name', 'exact')
      return undefined
    } catch (error) {
      if (error instanceof LdapFailure) return error.message
      throw error
    }
  }

  async #ask<T>(run: (conversation: LdapConversation, values: SettingValues) => Promise<T>): Promise<T> {
    const values = await this.#values()
    if (values.ldap_url === '' || values.ldap_base_dn === '')
      throw new DomainError('PRECONDITION', 'no directory is set; set ldap_url and ldap_base_dn first')
    try {
      await using conversation = await this.#begin(values)
      return await run(conversation, values)
    } catch (cause) {
      if (!(cause instanceof LdapFailure)) throw cause
      // Every visitor may try to sign in, so addresses and answers of servers go to the log only.
      throw new DomainError('UNAVAILABLE', 'the directory cannot be asked; the log of the registry says why', {
        retryAfterSeconds: 5,
        cause,
      })
    }
  }

  async #begin(values: SettingValues): Promise<LdapConversation> {
    // Loaded when a directory is configured.
    const { LdapConversation: Conversation } = await import('../../clients/ldap.ts')
    return await Conversation.begin(serverOf(values), { allowLocal: this.#allowLocal })
  }

  async #values(): Promise<SettingValues> {
    const values = await this.#settings.getSettings()
    return { ...values, ldap_search_password: await this.#settings.getSecret('ldap_search_password') }
  }
}

async function findOne(
  conversation: LdapConversation,
  values: SettingValues,
  username: string,
): Promise<LdapPerson | undefined> {
  const people = await conversation.findPeople(peopleOf(values), username, 'exact')
  // Two people of one name: which of them it is cannot be told, so it is neither.
  return people.length === 1 ? people[0] : undefined
}

async function withGroups(
  conversation: LdapConversation,
  values: SettingValues,
  person: LdapPerson,
): Promise<ExternalPerson> {
  const found = await findGroups(conversation, values, person)
  const memberOf = new Set([...found.map(({ dn }) => dn), ...person.memberOf].map(normaliseDn))
  const adminDn = values.ldap_group_admin_dn.trim()
  const username = harmlessUsername(person.username)
  return {
    source: 'ldap',
    externalId: normaliseDn(person.dn),
    stableId: person.stableId,
    username,
    // Two people may have one name here when theirs cannot be names here: neither is taken for the other.
    nameIsTheirs: username === person.username.normalize('NFKC'),
    email: person.email,
    realName: person.realName,
    groups: found.map(identityOf),
    admin: adminDn !== '' && memberOf.has(normaliseDn(adminDn)),
  }
}

/** As in Harbor, the person's entry names them. Only where it has no such attribute, the groups are asked for their members. */
async function findGroups(
  conversation: LdapConversation,
  values: SettingValues,
  person: LdapPerson,
): Promise<LdapGroup[]> {
  const groups = groupsOf(values)
  if (groups === undefined) return []
  return values.ldap_group_membership_attribute === ''
    ? await conversation.findGroupsWith(groups, person)
    : await conversation.findGroupsNamed(groups, person.memberOf)
}

const identityOf = ({ dn, name }: LdapGroup): GroupIdentity => ({ kind: 'ldap', externalId: normaliseDn(dn), name })

const scopes: readonly LdapScope[] = ['base', 'one', 'sub']

function serverOf(values: SettingValues): LdapServer {
  return {
    url: values.ldap_url,
    searchDn: values.ldap_search_dn,
    searchPassword: values.ldap_search_password,
    startTls: values.ldap_start_tls,
    verifyCertificate: values.ldap_verify_cert,
    authority: values.ldap_ca_certificate || undefined,
    timeoutMs: values.ldap_timeout * 1_000,
  }
}

function peopleOf(values: SettingValues): LdapPeople {
  return {
    baseDn: values.ldap_base_dn,
    filter: values.ldap_filter,
    scope: scopes[values.ldap_scope] ?? 'sub',
    usernameAttribute: values.ldap_uid,
    membershipAttribute: values.ldap_group_membership_attribute,
  }
}

/** Undefined: groups play no part. */
function groupsOf(values: SettingValues): LdapGroups | undefined {
  if (values.ldap_group_base_dn === '') return undefined
  return {
    baseDn: values.ldap_group_base_dn,
    filter: values.ldap_group_search_filter,
    scope: scopes[values.ldap_group_search_scope] ?? 'sub',
    nameAttribute: values.ldap_group_attribute_name || 'cn',
  }
}
