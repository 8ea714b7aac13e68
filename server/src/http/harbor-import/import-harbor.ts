import { withoutTrailing } from '#contract/trailing.ts'
import { formatHarborHash } from '../../domain/access/credentials/harbor-hash.ts'
import { givePasswordHash, giveSecretHash } from '../../domain/access/credentials/moved-in-credentials.ts'
import { DomainError } from '../../domain/errors.ts'
import { settingKeyOf, settingNames } from '../../domain/settings/setting-keys.ts'
import { importLabels, judge, type HarborImport } from './harbor-import.ts'
import { importProject, type HarborProject } from './import-project.ts'

interface HarborUser {
  readonly user_id: number
  readonly username: string
  readonly email?: string
  readonly realname?: string
  readonly comment?: string
  readonly sysadmin_flag?: boolean
  readonly oidc_user_meta?: { readonly subiss?: string } | null
}

interface HarborScanner {
  readonly name: string
  readonly url: string
  readonly auth?: string
  readonly description?: string
  readonly disabled?: boolean
  readonly skip_certVerify?: boolean
  readonly use_internal_addr?: boolean
}

interface HarborRobot {
  readonly name: string
  readonly level: string
  readonly description?: string
  readonly duration: number
  readonly disable?: boolean
  readonly expires_at?: number
  readonly permissions: readonly { kind: string; namespace: string; access: unknown }[]
}

/**
 * Imports everything of a Harbor but content, by repeating to our own API what its API says: the same shapes, the same
 * checks, the same events. Existing objects stay as they are, so it can be run again. Returns the projects whose
 * content may follow.
 */
export async function importHarbor(context: HarborImport): Promise<readonly string[]> {
  const configuration = await importConfiguration(context)
  await importGroups(context)
  await importUsers(context, configuration)
  await importLabels(context, '/labels?scope=g', { scope: 'g' })
  await importRegistries(context)
  await importScanners(context)
  await importAllowlist(context)
  const projects: string[] = []
  for await (const item of context.source.walk('/projects')) {
    const project = item as HarborProject
    if (!context.isWantedProject(project.name)) continue
    if (await importProject(context, project)) projects.push(project.name)
  }
  await importRobots(context, String(configuration['robot_name_prefix'] ?? 'robot$'), projects)
  await reportAbsent(context)
  return projects
}

async function importConfiguration(context: HarborImport): Promise<Readonly<Record<string, unknown>>> {
  const { source, own, report } = context
  const found = ((await source.find('/configurations')) ?? {}) as Record<string, { value?: unknown } | undefined>
  const values = Object.fromEntries(Object.entries(found).map(([name, entry]) => [name, entry?.value]))
  for (const name of settingNames) {
    // The old registry is often made read only while it moves; this one is being filled.
    if (name === 'read_only') continue
    if (settingKeyOf(name).secret === true) {
      const needed =
        name === 'oidc_client_secret' ? values['auth_mode'] === 'oidc_auth' : values['auth_mode'] === 'ldap_auth'
      if (needed && name !== 'uaa_client_secret')
        report.leaveOut('configuration', name, 'Harbor does not give it away: set it here')
      continue
    }
    const value = values[name]
    if (value === undefined || value === null) continue
    judge(context, 'configuration', name, await own.call('PUT', '/configurations', { [name]: value }))
  }
  return values
}

async function importGroups(context: HarborImport): Promise<void> {
  for await (const item of context.source.walk('/usergroups')) {
    const { group_name, group_type, ldap_group_dn } = item as Record<string, unknown>
    const body = { group_name, group_type, ldap_group_dn }
    judge(context, 'group', String(group_name), await context.own.call('POST', '/usergroups', body))
  }
}

async function importUsers(context: HarborImport, configuration: Readonly<Record<string, unknown>>): Promise<void> {
  for await (const item of context.source.walk('/users')) {
    const user = item as HarborUser
    try {
      await importUser(context, user, configuration)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      context.report.leaveOut('user', user.username, error.message)
    }
  }
}

async function importUser(
  context: HarborImport,
  user: HarborUser,
  configuration: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { source, users, actor, report, secrets } = context
  const { username } = user
  const mode = configuration['auth_mode']
  if (mode === 'oidc_auth') {
    const details = (await source.find(`/users/${user.user_id}`)) as HarborUser | undefined
    const subiss = details?.oidc_user_meta?.subiss
    if (subiss !== undefined && subiss !== '') return await importOidcUser(context, user, subiss, configuration)
  }
  if (mode === 'ldap_auth' && user.user_id !== 1) {
    return report.leaveOut('user', username, 'signs in by LDAP: has an account here from the first sign-in on')
  }
  const known = await users.findUser(username)
  if (known === undefined) {
    const { email, realname, comment, sysadmin_flag } = user
    await users.createUser(actor, {
      username,
      ...(email === undefined || email === '' ? {} : { email }),
      ...(realname === undefined ? {} : { realName: realname }),
      ...(comment === undefined ? {} : { comment }),
      admin: sysadmin_flag === true,
    })
    report.take('user')
  } else report.find('user')
  const secret = await secrets?.findPassword(username)
  const hash = secret === undefined ? undefined : formatHarborHash(secret)
  if (hash !== undefined) await givePasswordHash(context, actor, username, hash)
  else if (known === undefined) {
    report.leaveOut(
      'user',
      username,
      `came without a password: berth user set-password ${username}, or read Harbor's database`,
    )
  }
}

/** Harbor keeps subject and issuer as one text; the issuer is the endpoint of its configuration. */
async function importOidcUser(
  { externalAccounts, report }: HarborImport,
  { username, email, realname }: HarborUser,
  subiss: string,
  configuration: Readonly<Record<string, unknown>>,
): Promise<void> {
  const endpoint = withoutTrailing(String(configuration['oidc_endpoint'] ?? ''), '/')
  const issuer = [endpoint, `${endpoint}/`].find((end) => endpoint !== '' && subiss.endsWith(end))
  if (issuer === undefined) {
    return report.leaveOut('user', username, 'its OIDC issuer is not the endpoint of the configuration')
  }
  const externalId = `${issuer} ${subiss.slice(0, -issuer.length)}`
  if (await externalAccounts.isKnown({ source: 'oidc', externalId })) return report.find('user')
  const person = {
    source: 'oidc' as const,
    externalId,
    username,
    email,
    realName: realname ?? '',
    groups: [],
    admin: false,
  }
  await externalAccounts.recogniseAccount(person, { onboard: true })
  report.take('user')
}

async function importRegistries(context: HarborImport): Promise<void> {
  for await (const item of context.source.walk('/registries')) {
    const { name, url, type, description, insecure, credential } = item as Record<string, unknown>
    const { access_key: accessKey } = (credential ?? {}) as { access_key?: string }
    if (accessKey !== undefined && accessKey !== '') {
      context.report.leaveOut('registry', String(name), 'Harbor does not give its secret away: create it here')
      continue
    }
    const answer = await context.own.call('POST', '/registries', { name, url, type, description, insecure })
    judge(context, 'registry', String(name), answer)
  }
}

/** Adapters of the Pluggable Scanner API; each is asked from here before it is kept. Which one is the default stays as it is here. */
async function importScanners(context: HarborImport): Promise<void> {
  for await (const item of context.source.walk('/scanners')) {
    const { auth, name, url, ...rest } = item as HarborScanner
    // The engine of another Berth: there is one here.
    if (url.startsWith('berth:')) continue
    if (auth !== undefined && auth !== '') {
      context.report.leaveOut('scanner', name, 'Harbor does not give its credential away: add it here')
      continue
    }
    const { description, disabled, skip_certVerify, use_internal_addr } = rest
    const body = { name, url, description, disabled, skip_certVerify, use_internal_addr }
    judge(context, 'scanner', name, await context.own.call('POST', '/scanners', body))
  }
}

async function importAllowlist(context: HarborImport): Promise<void> {
  const found = (await context.source.find('/system/CVEAllowlist')) as
    | { items?: readonly { cve_id: string }[] | null; expires_at?: number | null }
    | undefined
  if (found === undefined || (found.items ?? []).length === 0) return
  const { items, expires_at } = found
  const answer = await context.own.call('PUT', '/system/CVEAllowlist', { items, expires_at: expires_at ?? null })
  judge(context, 'allowlist', 'system', answer)
}

async function importRobots(context: HarborImport, prefix: string, projects: readonly string[]): Promise<void> {
  for await (const item of context.source.walk('/robots')) await importRobot(context, prefix, item as HarborRobot)
  for (const name of projects) {
    const { project_id: id } = (await context.source.find(`/projects/${encodeURIComponent(name)}`)) as HarborProject
    const query = encodeURIComponent(`Level=project,ProjectID=${id}`)
    for await (const item of context.source.walk(`/robots?q=${query}`)) {
      await importRobot(context, prefix, item as HarborRobot)
    }
  }
}

async function importRobot(context: HarborImport, prefix: string, robot: HarborRobot): Promise<void> {
  const { own, secrets, actor, report } = context
  const full = robot.name.startsWith(prefix) ? robot.name.slice(prefix.length) : robot.name
  const plus = robot.level === 'project' ? full.indexOf('+') : -1
  const [project, name] = plus < 0 ? [undefined, full] : [full.slice(0, plus), full.slice(plus + 1)]
  const { level, description, disable, permissions } = robot
  const body = { name, level, description, disable, permissions, ...endOf(robot) }
  const answer = await own.call('POST', '/robots', body)
  if (!judge(context, 'robot', robot.name, answer)) return
  const secret = await secrets?.findRobotSecret(full)
  const hash = secret === undefined ? undefined : formatHarborHash(secret)
  if (hash !== undefined) await giveSecretHash(context, actor, { prefix, project, name }, hash)
  else if (answer.status === 201) {
    report.leaveOut('robot', robot.name, 'came without its secret: refresh the secret, or read Harbor’s database')
  }
}

/** When it ends is when it would have ended there; a robot that has ended is refused, and stays ended. */
function endOf({ duration, expires_at: expiresAt }: HarborRobot): object {
  if (expiresAt === -1) return { duration: -1 }
  return expiresAt === undefined || expiresAt <= 0 ? { duration } : { expires_at: expiresAt }
}

/** Parts of the Harbor that this version has no place for are reported, so that they are not missed first in use. */
async function reportAbsent({ source, report }: HarborImport): Promise<void> {
  for await (const item of source.walk('/replication/policies')) {
    const { name } = item as { name: string }
    report.leaveOut('replication-policy', name, 'replication is not imported: note it down, and set it up here')
  }
  for (const path of ['/system/gc/schedule', '/system/purgeaudit/schedule', '/system/scanAll/schedule']) {
    const found = (await source.find(path)) as { schedule?: { type?: string; cron?: string } } | undefined
    const { type, cron } = found?.schedule ?? {}
    if (type === undefined || type === '' || type === 'None') continue
    report.leaveOut('schedule', path, `the schedule ${cron ?? type} is not imported: set it here`)
  }
}
