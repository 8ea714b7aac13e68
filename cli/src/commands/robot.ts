import { getProject } from '../api/find-project.ts'
import type { AnswerOf, RegistryApi, RowOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { listed, parseNumber } from '../flag-values.ts'
import { parseId } from '../names.ts'
import { factsOf, tableOf } from '../output.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'
import { readSecretFlag } from '../secret-input.ts'

type Robot = RowOf<'GET /robots'>

const endOf = ({ expires_at: seconds }: Pick<Robot, 'expires_at'>): string =>
  seconds < 0 ? 'never' : new Date(seconds * 1_000).toISOString()

const stateOf = (robot: Robot): string =>
  robot.disable ? 'disabled' : robot.expires_at >= 0 && robot.expires_at * 1_000 < Date.now() ? 'expired' : 'active'

const getRobot = (api: RegistryApi, text: string): Promise<AnswerOf<'GET /robots/{robot_id}'>> =>
  api.call('GET /robots/{robot_id}', { params: { robot_id: parseId(text, 'a robot') } })

const setDisabled =
  (disable: boolean) =>
  async (api: RegistryApi, [text = '']: readonly string[]) => {
    const robot = await getRobot(api, text)
    await api.call('PUT /robots/{robot_id}', {
      params: { robot_id: robot.id },
      body: { ...robot, permissions: robot.permissions.map((each) => ({ ...each })), disable },
    })
    return done(`${robot.name} is ${disable ? 'disabled' : 'enabled'}`, { ...robot, disable })
  }

/** `repository:pull`. @throws CommandError */
function parsePermission(text: string): { resource: string; action: string } {
  const [resource = '', action = '', ...rest] = text.split(':')
  if (resource === '' || action === '' || rest.length > 0)
    throw new CommandError(`${JSON.stringify(text)} is no permission`, {
      next: 'permissions have the form resource:action, for example repository:pull; which there are: berth permission list',
      kind: 'usage',
    })
  return { resource, action }
}

export const robotCommands: CommandGroup = {
  name: 'robot',
  aliases: ['robots'],
  description: 'machine accounts with rights and an end of their own',
  commands: [
    listCommand({
      usage: 'list [project]',
      description: 'list the robots of a project, or those of the registry',
      example: 'berth robot list backend',
      operation: 'GET /robots',
      input: async ([project], _flags, api) => {
        if (project === undefined) return {}
        const { project_id: id } = await getProject(api, project)
        return { query: { q: `Level=project,ProjectID=${id}` } }
      },
      columns: {
        ID: ({ id }) => id,
        NAME: ({ name }) => name,
        STATE: stateOf,
        EXPIRES: endOf,
        IN: ({ permissions }) => [...new Set(permissions.map(({ namespace }) => namespace))].join(', '),
        '*PERMISSIONS': ({ permissions }) =>
          permissions.flatMap(({ access }) => access.map((each) => `${each.resource}:${each.action}`)).join(', '),
        '*CREATED': (robot) => robot.creation_time,
        '*DESCRIPTION': ({ description }) => description,
      },
    }),
    {
      usage: 'show <robot>',
      description: 'one robot by its id, with its permissions',
      example: 'berth robot show 7',
      run: async (api, [text = '']) => {
        const robot = await getRobot(api, text)
        return factsOf(
          [
            ['id', robot.id],
            ['name', robot.name],
            ['description', robot.description],
            ['state', stateOf(robot)],
            ['expires', endOf(robot)],
            ...robot.permissions.map(({ namespace, access }): [string, string] => [
              `in ${namespace}`,
              access.map(({ resource, action }) => `${resource}:${action}`).join(', '),
            ]),
            ['created', robot.creation_time],
          ],
          robot,
        )
      },
    },
    {
      usage: 'create <name>',
      description: 'create a robot; its secret is shown this once',
      example: 'berth robot create ci --project backend --permission repository:pull,repository:push --days 90',
      configure: (command) =>
        void command
          .option('--project <name>', 'it works in this project alone, and its admins look after it')
          .option('--in <project>', 'without --project: where it works; * is every project; repeatable', listed, [])
          .requiredOption('--permission <permission>', 'resource:action; separated by commas, or repeated', listed, [])
          .option('--days <number>', 'how long it lives (default: for ever)', parseNumber)
          .option('--description <text>', 'what it is for'),
      run: async (api, [name = ''], flags) => {
        const {
          project,
          in: places,
          permission,
          days,
          description,
        } = flags as {
          project?: string
          in: readonly string[]
          permission: readonly string[]
          days?: number
          description?: string
        }
        const namespaces = project === undefined ? places : [project]
        if (namespaces.length === 0)
          throw new CommandError('where does it work?', { next: '--project <name>, or --in <project>', kind: 'usage' })
        const access = permission.map(parsePermission)
        const created = await api.call('POST /robots', {
          body: {
            name,
            description: description ?? '',
            level: project === undefined ? 'system' : 'project',
            duration: days ?? -1,
            permissions: namespaces.map((namespace) => ({ kind: 'project', namespace, access })),
          },
        })
        return done(
          `created ${created.name} (${created.id})\nsecret: ${created.secret}\nit is shown this once; another one: berth robot secret ${created.id}`,
          created,
        )
      },
    },
    {
      usage: 'secret <robot>',
      description: 'give a robot a new secret, which is shown this once; the old one is void at once',
      example: 'berth robot secret 7',
      configure: (command) => {
        command.option('--secret-stdin', 'take the new secret from standard input (its first line)')
        addConfirmFlag(command)
      },
      run: async (api, [text = ''], flags) => {
        const robot = await getRobot(api, text)
        const given = flags['secretStdin'] === true ? await readSecretFlag() : undefined
        await confirm(`the secret of ${robot.name} at ${api.name} is void at once`, {
          ...flags,
          ...(given === undefined ? {} : { yes: true }),
        })
        const { secret } = await api.call('PATCH /robots/{robot_id}', {
          params: { robot_id: robot.id },
          body: given === undefined ? {} : { secret: given },
        })
        return done(given === undefined ? `secret: ${secret ?? ''}` : `${robot.name} has the new secret`, {
          id: robot.id,
          name: robot.name,
          ...(given === undefined ? { secret } : {}),
        })
      },
    },
    {
      usage: 'enable <robot>',
      description: 'let a robot in again',
      example: 'berth robot enable 7',
      run: setDisabled(false),
    },
    {
      usage: 'disable <robot>',
      description: 'shut a robot out, at once and without deleting it',
      example: 'berth robot disable 7',
      run: setDisabled(true),
    },
    {
      usage: 'delete <robot>',
      description: 'delete a robot; its secret and tokens are void at once',
      example: 'berth robot delete 7',
      configure: addConfirmFlag,
      run: async (api, [text = ''], flags) => {
        const { id, name } = await getRobot(api, text)
        await confirm(`the robot ${name} goes from ${api.name}; what it pushed stays`, flags)
        await api.call('DELETE /robots/{robot_id}', { params: { robot_id: id } })
        return done(`deleted ${name}`, { id, name })
      },
    },
  ],
}

export const permissionCommands: CommandGroup = {
  name: 'permission',
  aliases: ['permissions'],
  description: 'what robots, roles and personal tokens can be given',
  commands: [
    {
      usage: 'list',
      description: 'list the permissions that there are, in projects and in the registry',
      example: 'berth permission list',
      run: async (api) => {
        const { system = [], project } = await api.call('GET /permissions')
        const rows = [
          ...project.map((each) => ({ ...each, of: 'projects' })),
          ...system.map((each) => ({ ...each, of: 'the registry' })),
        ]
        return tableOf(rows, {
          PERMISSION: ({ resource, action }) => `${resource}:${action}`,
          IN: ({ of }) => of,
        })
      },
    },
  ],
}
