import { grantablePermissions } from '#server/domain/access/roles/grantable-permissions.ts'
import {
  allPermissions,
  publicProjectPermissions,
  rolePermissions,
  type Permission,
  type RoleName,
} from '#server/domain/access/roles/permissions.ts'
import { settingKeyOf, settingNames, type SettingName } from '#server/domain/settings/setting-keys.ts'
import { messages as english } from '#web/i18n/en/index.ts'
import { messages as chinese } from '#web/i18n/zh-CN/index.ts'
import { chartValues } from './chart-values.ts'
import type { DocsLanguage } from './pages.ts'

/** The reference pages that are made from the code, by their file below docs/reference. */
export function generatedReferences(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (['en', 'zh-CN'] as const).flatMap((language) => {
      const folder = language === 'en' ? '' : `${language}/`
      return [
        [`${folder}permissions.md`, permissionsPage(language)],
        [`${folder}run-time-settings.md`, settingsPage(language)],
        [`${folder}chart.md`, chartPage(language)],
      ]
    }),
  )
}

const messagesOf = (language: DocsLanguage) => (language === 'en' ? english : chinese)
const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
const head = (...cells: readonly string[]): string => `${row(...cells)}\n|${cells.map(() => '---|').join('')}`
const code = (text: string): string => `\`${text}\``

/** In the order of Harbor's documentation: the widest role last. */
const roles: readonly RoleName[] = ['limitedGuest', 'guest', 'developer', 'maintainer', 'projectAdmin']

const permissionTexts = {
  en: {
    title: 'Roles and permissions',
    source: 'Generated from server/src/domain/access/roles by tools/write-reference.ts. Do not edit.',
    introduction:
      'Permissions are written `resource:action`. A member has the sum of their own role and of the roles of their groups. System administrators have every permission in every project. “Everyone” is every reader of a public project, also without an account. Administrators compose other roles from the same permissions ([how](../guides/identities.md#groups-and-roles)).',
    inProject: 'In a project',
    roles: {
      limitedGuest: 'limited guest',
      guest: 'guest',
      developer: 'developer',
      maintainer: 'maintainer',
      projectAdmin: 'project admin',
    },
    everyone: 'everyone',
    permission: 'permission',
    meaning: 'meaning',
    robots: 'Robots',
    robotsText:
      'A robot has exactly the permissions that it was given. `project` permissions are given for named projects or for all; `system` permissions only by system administrators, to robots of the registry. Not built yet, and without effect: replication, preheating.',
    system: 'Of the registry (`system`)',
    project: 'Of a project (`project`)',
    actions: 'actions',
    resource: 'resource',
  },
  'zh-CN': {
    title: '角色与权限',
    source: '由 tools/write-reference.ts 从 server/src/domain/access/roles 生成，请勿手工修改。',
    introduction:
      '权限写作 `资源:操作`。成员拥有自己的角色与所在用户组的角色之和。系统管理员在每个项目中拥有全部权限。“所有人”指公开项目的任何读者，没有账号也包括在内。管理员可以用同样的权限组合其他角色（[说明](../../guides/zh-CN/identities.md#用户组与角色)）。',
    inProject: '项目中',
    roles: {
      limitedGuest: '受限访客',
      guest: '访客',
      developer: '开发者',
      maintainer: '维护人员',
      projectAdmin: '项目管理员',
    },
    everyone: '所有人',
    permission: '权限',
    meaning: '含义',
    robots: '机器人账户',
    robotsText:
      '机器人账户只拥有授予它的权限。`project` 权限可授予指定的项目或所有项目；`system` 权限只能由系统管理员授予系统级机器人账户。尚未实现、不起作用的：复制、预热。',
    system: '系统级（`system`）',
    project: '项目级（`project`）',
    actions: '操作',
    resource: '资源',
  },
} as const

function permissionsPage(language: DocsLanguage): string {
  const t = permissionTexts[language]
  const holders = [...roles.map((role) => rolePermissions[role]), publicProjectPermissions]
  const mark = (permission: Permission) => holders.map((has) => (has.has(permission) ? '✓' : ''))
  const rows = [...allPermissions].map((permission) =>
    row(code(permission), permissionName(permission, language), ...mark(permission)),
  )
  return [
    `# ${t.title}`,
    `<!-- ${t.source} -->`,
    t.introduction,
    `## ${t.inProject}`,
    [head(t.permission, t.meaning, ...roles.map((role) => t.roles[role]), t.everyone), ...rows].join('\n'),
    `## ${t.robots}`,
    t.robotsText,
    `### ${t.system}`,
    grantable('system', language),
    `### ${t.project}`,
    `${grantable('project', language)}\n`,
  ].join('\n\n')
}

function permissionName(permission: string, language: DocsLanguage): string {
  const [resource = '', action = ''] = permission.split(':')
  return language === 'en'
    ? `${resourceName(resource, language)}: ${actionName(action, language)}`
    : `${resourceName(resource, language)}：${actionName(action, language)}`
}

const resourceName = (resource: string, language: DocsLanguage): string => {
  const names: Readonly<Record<string, string>> = messagesOf(language).permissions.resources
  return names[resource] ?? more[language][resource] ?? resource
}

const actionName = (action: string, language: DocsLanguage): string => {
  const names: Readonly<Record<string, string>> = messagesOf(language).permissions.actions
  return (names[action] ?? more[language][action] ?? action).toLowerCase()
}

/** What no robot can be given, so that the console has no name for it. */
const more: Readonly<Record<DocsLanguage, Readonly<Record<string, string>>>> = {
  en: { configuration: 'Configuration of the project', operate: 'run' },
  'zh-CN': { configuration: '项目配置', operate: '运行' },
}

function grantable(scope: 'system' | 'project', language: DocsLanguage): string {
  const t = permissionTexts[language]
  const resources = [...new Set(grantablePermissions[scope].map(({ resource }) => resource))]
  const rows = resources.map((resource) => {
    const actions = grantablePermissions[scope].filter((each) => each.resource === resource)
    return row(code(resource), resourceName(resource, language), actions.map(({ action }) => code(action)).join(' '))
  })
  return [head(t.resource, t.meaning, t.actions), ...rows].join('\n')
}

const settingTexts = {
  en: {
    title: 'Run-time settings',
    source: 'Generated from server/src/domain/settings/setting-keys.ts by tools/write-reference.ts. Do not edit.',
    introduction:
      'An administrator changes these settings while the registry runs: in the console, or by `PUT /api/v2.0/configurations` with Harbor’s names. They are rows of the database and in every backup. A setting that `berth.yml` has, too (`read_only`, for instance), is fixed there as soon as it is set there: the console then says so, and a change is refused. All others are in [Configuration](configuration.md).',
    headings: ['setting', 'default', 'in the console', 'meaning'],
    groups: {
      authentication: 'Sign-in',
      configuration: 'Registry',
      unbuilt: 'Harbor’s settings without effect',
    },
    unbuiltText:
      'Tools that write back everything they have read may send these with their default. Another value is refused with a sentence, because this version does not do what it asks for.',
    pages: { authentication: 'Administration → Authentication', configuration: 'Administration → Configuration' },
    apiOnly: 'API only',
    none: 'none',
    more: {
      read_only: 'Nothing may be pushed or deleted.',
      token_expiration: 'Minutes for which an access token of `docker login` is valid.',
      auth_mode: 'Where passwords are checked: `db_auth`, `ldap_auth`, `oidc_auth`.',
      ldap_group_attach_parallel: 'Groups are always read in one query.',
      other: 'Not built.',
    },
  },
  'zh-CN': {
    title: '运行时设置',
    source: '由 tools/write-reference.ts 从 server/src/domain/settings/setting-keys.ts 生成，请勿手工修改。',
    introduction:
      '管理员可在运行时修改这些设置：在控制台，或通过 `PUT /api/v2.0/configurations`，名称与 Harbor 相同。它们是数据库中的记录，随备份保存。`berth.yml` 中也有的设置（例如 `read_only`），一旦写在那里就固定下来：控制台会说明，修改会被拒绝。其余设置见[配置项](../configuration.md)（英文）。',
    headings: ['设置', '默认值', '控制台中的位置', '含义'],
    groups: { authentication: '登录', configuration: '系统', unbuilt: '不起作用的 Harbor 设置' },
    unbuiltText:
      '会把读到的内容全部写回的工具，可以按默认值发送这些设置。其他值会被拒绝并说明原因，因为此版本不具备相应功能。',
    pages: { authentication: '系统管理 → 身份认证', configuration: '系统管理 → 系统配置' },
    apiOnly: '仅 API',
    none: '无',
    more: {
      read_only: '不允许推送和删除。',
      token_expiration: '`docker login` 访问令牌的有效分钟数。',
      auth_mode: '在哪里校验密码：`db_auth`、`ldap_auth`、`oidc_auth`。',
      ldap_group_attach_parallel: '用户组总是在一次查询中读取。',
      other: '尚未实现。',
    },
  },
} as const

type SettingGroup = 'authentication' | 'configuration' | 'unbuilt'

function groupOf(name: SettingName): SettingGroup {
  if (settingKeyOf(name).implemented !== true) return 'unbuilt'
  return /^(ldap|oidc)_|auth_mode$/.test(name) ? 'authentication' : 'configuration'
}

function settingsPage(language: DocsLanguage): string {
  const t = settingTexts[language]
  const table = (group: SettingGroup) => {
    const names = settingNames.filter((name) => groupOf(name) === group)
    return [head(...t.headings), ...names.map((name) => settingRow(name, group, language))].join('\n')
  }
  return [
    `# ${t.title}`,
    `<!-- ${t.source} -->`,
    t.introduction,
    `## ${t.groups.configuration}`,
    table('configuration'),
    `## ${t.groups.authentication}`,
    table('authentication'),
    `## ${t.groups.unbuilt}`,
    t.unbuiltText,
    `${table('unbuilt')}\n`,
  ].join('\n\n')
}

function settingRow(name: SettingName, group: SettingGroup, language: DocsLanguage): string {
  const t = settingTexts[language]
  const fields: Readonly<Record<string, { readonly label: string; readonly hint: string } | undefined>> =
    messagesOf(language).settings.fields
  const field = fields[name]
  const texts: Readonly<Record<string, string | undefined>> = t.more
  const meaning = texts[name] ?? (field === undefined ? t.more.other : meaningOf(field, language))
  const place = group === 'unbuilt' || (field === undefined && name !== 'auth_mode') ? t.apiOnly : t.pages[group]
  const { default: value } = settingKeyOf(name)
  return row(code(name), value === '' ? t.none : code(String(value)), place, meaning)
}

const meaningOf = (
  { label, hint }: { readonly label: string; readonly hint: string },
  language: DocsLanguage,
): string => (hint === '' ? label : language === 'en' ? `${label}. ${hint}` : `${label}：${hint}`)

const chartTexts = {
  en: {
    title: 'Values of the Helm chart',
    source: 'Generated from deploy/helm/berth/values.yaml by tools/write-reference.ts. Do not edit.',
    introduction:
      'For `helm install … --set name=value` or a values file. Every other setting of Berth goes into `config`, as [Configuration](configuration.md) names it. The guide: [Kubernetes](../guides/kubernetes.md).',
    headings: ['value', 'default', 'meaning'],
  },
  'zh-CN': {
    title: 'Helm Chart 的值',
    source: '由 tools/write-reference.ts 从 deploy/helm/berth/values.yaml 生成，请勿手工修改。',
    introduction:
      '用于 `helm install … --set 名称=值` 或 values 文件。Berth 的其他设置写在 `config` 里，名称见[配置项](../configuration.md)（英文）。指南：[Kubernetes](../../guides/zh-CN/kubernetes.md)。',
    headings: ['值', '默认值', '含义'],
  },
} as const

function chartPage(language: DocsLanguage): string {
  const t = chartTexts[language]
  const rows = chartValues().map(({ path, default: value, meaning }) =>
    row(code(path), code(value), meaning[language] ?? ''),
  )
  return [
    `# ${t.title}`,
    `<!-- ${t.source} -->`,
    t.introduction,
    `${[head(...t.headings), ...rows].join('\n')}\n`,
  ].join('\n\n')
}
