/** What the attempts name, by its id or name. */
export interface Targets {
  readonly project: string
  readonly projectId: number
  /** Of the project: disabled, about to end, and with rights that no single permission covers. */
  readonly robot: { readonly id: number; readonly name: string }
  /** Of the registry, with rights in every project. */
  readonly systemRobot: { readonly id: number; readonly name: string }
  /** Memberships: of whoever asks (a guess when they are none), of a guest, of an administrator of the project. */
  readonly ownMember: number
  readonly guestMember: number
  readonly ownerMember: number
  readonly self: number
  readonly guest: number
  readonly administrator: number
  readonly group: number
  readonly role: number
  readonly outsider: string
}

export interface Attempt {
  readonly title: string
  readonly params?: (targets: Targets) => Readonly<Record<string, string | number>>
  readonly body: (targets: Targets) => unknown
  /** Permissions of robots of the registry that are for exactly this. */
  readonly allowed?: readonly string[]
  /** People who signed in as themselves may: it gives no more than they have at each use. */
  readonly people?: true
  /** A batch: it answers 200 and says of each row whether it was refused. */
  readonly byRow?: true
}

const accessTo = (...permissions: string[]) =>
  permissions.map((permission) => {
    const [resource, action] = permission.split(':')
    return { resource, action }
  })
/** No single permission covers it. */
const wide = accessTo('repository:pull', 'artifact:delete')
const inProject = ({ project }: Targets) => [{ kind: 'project', namespace: project, access: wide }]
const oneRobot = ({ robot }: Targets) => ({ robot_id: robot.id })
const systemRobot = (targets: Targets) => ({ robot_id: targets.systemRobot.id })
const ofProject = ({ project }: Targets) => ({ project_name_or_id: project })
const profile = { email: 'taken-over@example.org', realname: 'x', comment: '' }
const robotOf = ({ robot }: Targets) => ({ name: robot.name, level: 'project' })
const trustRule = { issuer: 'https://ci.example.org', audience: 'berth', claims: { sub: 'mine' } }

const membership =
  (member: 'ownMember' | 'guestMember' | 'ownerMember') =>
  (targets: Targets): Readonly<Record<string, string | number>> => ({
    project_name_or_id: targets.project,
    mid: targets[member],
  })

/** What somebody might try at every operation that gives rights. None of it may happen, but where it is said. */
export const attempts: Readonly<Record<string, readonly Attempt[]>> = {
  'POST /robots': [
    {
      title: 'make a wide robot of the project',
      body: (targets) => ({ name: 'made', level: 'project', duration: -1, permissions: inProject(targets) }),
    },
    {
      title: 'make a robot for every project',
      body: () => ({
        name: 'made',
        level: 'system',
        duration: -1,
        permissions: [{ kind: 'project', namespace: '*', access: wide }],
      }),
    },
    {
      title: 'make a robot for the registry',
      body: () => ({
        name: 'made',
        level: 'system',
        duration: -1,
        permissions: [{ kind: 'system', namespace: '/', access: accessTo('user:create', 'registry:read') }],
      }),
    },
  ],
  'POST /projects/{project_name_or_id}/robots': [
    {
      title: 'make a wide robot by the older operation',
      params: ofProject,
      body: () => ({ name: 'old', access: wide }),
    },
  ],
  'PUT /robots/{robot_id}': [
    {
      title: 'enable a robot',
      params: oneRobot,
      body: (targets) => ({ ...robotOf(targets), duration: 1, disable: false }),
    },
    {
      title: 'prolong a robot',
      params: oneRobot,
      body: (targets) => ({ ...robotOf(targets), duration: -1, disable: true }),
    },
    {
      title: 'widen a robot',
      params: oneRobot,
      body: (targets) => ({
        ...robotOf(targets),
        duration: 1,
        disable: true,
        permissions: [{ ...inProject(targets)[0], access: [...wide, ...accessTo('member:create')] }],
      }),
    },
    {
      title: 'prolong a robot of the registry',
      params: systemRobot,
      body: (targets) => ({ name: targets.systemRobot.name, level: 'system', duration: -1 }),
    },
  ],
  'PUT /projects/{project_name_or_id}/robots/{robot_id}': [
    {
      title: 'enable a robot by the older operation',
      params: (targets) => ({ ...ofProject(targets), ...oneRobot(targets) }),
      body: () => ({ disable: false }),
    },
  ],
  'PATCH /robots/{robot_id}': [
    { title: 'take over a robot by a new secret', params: oneRobot, body: () => ({}) },
    { title: 'take over a robot by a chosen secret', params: oneRobot, body: () => ({ secret: 'Chosen-Secret-1' }) },
    { title: 'take over a robot of the registry', params: systemRobot, body: () => ({}) },
  ],
  'POST /robots/{robot_id}/trust-rules': [
    { title: 'take over a robot by a trust rule', params: oneRobot, body: () => trustRule },
    { title: 'take over a robot of the registry by a trust rule', params: systemRobot, body: () => trustRule },
  ],
  'POST /projects/{project_name_or_id}/members': [
    ...[1, 2, 3, 4, 5].map((role) => ({
      title: `give somebody the role ${role}`,
      params: ofProject,
      body: ({ outsider }: Targets) => ({ role_id: role, member_user: { username: outsider } }),
    })),
    {
      title: 'give a composed role',
      params: ofProject,
      body: ({ outsider, role }) => ({ role_id: role, member_user: { username: outsider } }),
    },
    {
      title: 'give a group a role',
      params: ofProject,
      body: ({ group }) => ({ role_id: 3, member_group: { id: group } }),
    },
    {
      title: 'give a new group a role',
      params: ofProject,
      body: () => ({ role_id: 3, member_group: { group_name: 'ghost', group_type: 3 } }),
    },
  ],
  'PUT /projects/{project_name_or_id}/members/{mid}': [
    ...[1, 2, 3, 4, 5].map((role) => ({
      title: `give themselves the role ${role}`,
      params: membership('ownMember'),
      body: () => ({ role_id: role }),
    })),
    { title: 'promote a guest', params: membership('guestMember'), body: () => ({ role_id: 4 }) },
    { title: 'demote an administrator', params: membership('ownerMember'), body: () => ({ role_id: 5 }) },
  ],
  'POST /projects/{project_name_or_id}/batch/set-member-roles': [
    ...[1, 2, 3, 4, 5].map((role) => ({
      title: `give themselves the role ${role} among others`,
      params: ofProject,
      body: ({ ownMember }: Targets) => ({ items: [ownMember], role_id: role }),
      byRow: true as const,
    })),
    {
      title: 'promote a guest among others',
      params: ofProject,
      body: ({ guestMember }) => ({ items: [guestMember], role_id: 4 }),
      byRow: true,
    },
    {
      title: 'demote an administrator among others',
      params: ofProject,
      body: ({ ownerMember }) => ({ items: [ownerMember], role_id: 5 }),
      byRow: true,
    },
  ],
  'POST /projects/{project_name_or_id}/batch/delete-members': [
    {
      title: 'remove an administrator among others',
      params: ofProject,
      body: ({ ownerMember }) => ({ items: [ownerMember] }),
      byRow: true,
    },
  ],
  'POST /batch/set-robots-disabled': [
    {
      title: 'enable a robot among others',
      body: ({ robot, systemRobot: other }) => ({ items: [robot.id, other.id], disabled: false }),
      byRow: true,
    },
  ],
  'POST /batch/set-users-sysadmin': [
    {
      title: 'become an administrator among others',
      body: ({ self, guest }) => ({ items: [self, guest], sysadmin_flag: true }),
      byRow: true,
    },
  ],
  'POST /batch/set-users-disabled': [
    {
      title: 'disable an administrator among others',
      body: ({ administrator }) => ({ items: [administrator], disabled: true }),
      byRow: true,
    },
  ],
  'POST /batch/delete-users': [
    {
      title: 'delete an administrator among others',
      body: ({ administrator }) => ({ items: [administrator] }),
      byRow: true,
    },
  ],
  'DELETE /projects/{project_name_or_id}/members/{mid}': [
    { title: 'remove an administrator', params: membership('ownerMember'), body: () => undefined },
    { title: 'leave in the name of somebody', params: membership('ownMember'), body: () => undefined, people: true },
  ],
  'PUT /projects/{project_name_or_id}': [
    { title: 'open the project to everybody', params: ofProject, body: () => ({ metadata: { public: 'true' } }) },
  ],
  'PUT /projects/{project_name_or_id}/metadatas/{meta_name}': [
    {
      title: 'open the project by its metadata',
      params: (targets) => ({ ...ofProject(targets), meta_name: 'public' }),
      body: () => ({ public: 'true' }),
    },
  ],
  'POST /projects/{project_name_or_id}/metadatas/': [
    { title: 'open the project by new metadata', params: ofProject, body: () => ({ public: 'true' }) },
  ],
  'POST /roles': [
    { title: 'compose a role', body: () => ({ name: 'made', permissions: ['member:create', 'repository:push'] }) },
  ],
  'PUT /roles/{role_id}': [
    {
      title: 'widen a role',
      params: ({ role }) => ({ role_id: role }),
      body: () => ({ name: 'widened', permissions: ['member:create', 'repository:push'] }),
    },
  ],
  'POST /users': [
    {
      title: 'make an account',
      body: () => ({ ...profile, username: 'made', password: 'Aa123456789' }),
      allowed: ['user:create'],
    },
  ],
  'PUT /users/{user_id}': [
    { title: 'write an administrator', params: ({ administrator: id }) => ({ user_id: id }), body: () => profile },
  ],
  'DELETE /users/{user_id}': [
    { title: 'delete an administrator', params: ({ administrator: id }) => ({ user_id: id }), body: () => undefined },
  ],
  'PUT /users/{user_id}/sysadmin': [
    {
      title: 'become an administrator',
      params: ({ self }) => ({ user_id: self }),
      body: () => ({ sysadmin_flag: true }),
    },
    { title: 'make one', params: ({ guest }) => ({ user_id: guest }), body: () => ({ sysadmin_flag: true }) },
    { title: 'end one', params: ({ administrator: id }) => ({ user_id: id }), body: () => ({ sysadmin_flag: false }) },
  ],
  'PUT /users/{user_id}/disabled': [
    {
      title: 'disable an administrator',
      params: ({ administrator: id }) => ({ user_id: id }),
      body: () => ({ disabled: true }),
    },
  ],
  'PUT /users/{user_id}/identity': [
    { title: 'hand an account over', params: ({ administrator: id }) => ({ user_id: id }), body: () => ({}) },
  ],
  'PUT /users/{user_id}/password': [
    ...(['self', 'guest', 'administrator'] as const).map((whose) => ({
      title: `set the password of ${whose}`,
      params: (targets: Targets) => ({ user_id: targets[whose] }),
      body: () => ({ old_password: 'guessed', new_password: 'Aa123456789' }),
      // Theirs is a matter of guessing the old one, which has its own brake.
      ...(whose === 'self' ? ({ people: true } as const) : {}),
    })),
  ],
  'PUT /users/{user_id}/cli_secret': [
    { title: 'set a secret', params: ({ guest }) => ({ user_id: guest }), body: () => ({ secret: 'Aa123456789' }) },
  ],
  'POST /users/current/tokens': [
    { title: 'make a token', body: () => ({ name: 'made', permissions: ['member:create'] }), people: true },
  ],
  'POST /users/current/second_factor': [
    { title: 'begin a second factor', body: () => ({ password: 'guessed' }), people: true },
  ],
  'PUT /users/current/second_factor': [
    { title: 'confirm a second factor', body: () => ({ code: '000000' }), people: true },
  ],
  'PUT /users/{user_id}/duty': [
    { title: 'take a duty', params: ({ self }) => ({ user_id: self }), body: () => ({ duty: 'security' }) },
    { title: 'give one', params: ({ guest }) => ({ user_id: guest }), body: () => ({ duty: 'audit' }) },
  ],
  'DELETE /users/{user_id}/second_factor': [
    {
      title: 'reset the second factor of an administrator',
      params: ({ administrator: id }) => ({ user_id: id }),
      body: () => undefined,
    },
  ],
  'POST /usergroups': [
    {
      title: 'make a group known',
      body: () => ({ group_name: 'made', group_type: 3 }),
      allowed: ['user-group:create'],
    },
  ],
  'PUT /usergroups/{group_id}': [
    {
      title: 'rename a group',
      params: ({ group }) => ({ group_id: group }),
      body: () => ({ group_name: 'renamed', group_type: 3 }),
      allowed: ['user-group:update'],
    },
  ],
  'POST /ldap/users/import': [
    { title: 'import people', body: () => ({ ldap_uid_list: ['ada'] }), allowed: ['ldap-user:create'] },
  ],
  'PUT /configurations': [
    { title: 'make a group administrators', body: () => ({ oidc_admin_group: 'made', self_registration: true }) },
  ],
}

/** What changes accounts, robots, members and the like, and only takes away from whoever asks, or from the registry. */
export const onlyTakesAway: readonly string[] = [
  'DELETE /robots/{robot_id}',
  'POST /batch/delete-robots',
  'POST /batch/delete-usergroups',
  'DELETE /projects/{project_name_or_id}/robots/{robot_id}',
  'DELETE /robots/{robot_id}/trust-rules/{rule_id}',
  'DELETE /roles/{role_id}',
  'DELETE /usergroups/{group_id}',
  'DELETE /users/current/tokens/{token_id}',
  'DELETE /users/current/sessions/{session_id}',
  'POST /users/current/second_factor/removal',
  'DELETE /users/current/passkeys/{passkey_id}',
  // These need a second factor, which whoever is tried here does not have.
  'POST /users/current/second_factor/recovery_codes',
  'POST /users/current/second_factor/proof',
  'POST /users/current/passkeys/question',
  'POST /users/current/passkeys',
  'DELETE /projects/{project_name_or_id}/metadatas/{meta_name}',
]

/** What is about whoever has rights, by its path: everything here that changes something is attempted or only takes away. */
export const aboutRights =
  /\/(robots|members|roles|users|usergroups|trust-rules|tokens|sessions|metadatas|configurations)\b|batch\/[\w-]*(robots|member|users|usergroups)|^(PUT|PATCH) \/projects\/\{project_name_or_id\}$/
