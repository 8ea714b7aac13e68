import { getProject } from '../../api/find-project.ts'
import type { AccessCommand } from '../../access-command.ts'
import { roleIds } from '#server/domain/access/roles/permissions.ts'
import { presentProject, presentRemoteProject } from './present-project.ts'

export const createProject: AccessCommand = {
  usage: 'create <name>',
  description: 'create a project, private unless told otherwise',
  example: 'berth project create backend --owner ada',
  configure: (command) =>
    void command
      .option('--public', 'everyone may pull from it, without an account too')
      .option('--owner <username>', 'its first project admin'),
  advice: { CONFLICT: 'to change it: berth project public|private|member' },
  async run({ projects, actor }, [name = ''], flags) {
    const { owner } = flags as { owner?: string }
    const project = await projects.createProject(actor, {
      name,
      public: flags['public'] === true,
      ...(owner === undefined ? {} : { owner }),
    })
    const text = `created ${project.public ? 'public' : 'private'} project ${project.name}`
    return { text, json: presentProject(project) }
  },
  async remote(api, [name = ''], flags) {
    const { owner } = flags as { owner?: string }
    const isPublic = flags['public'] === true
    await api.create('POST /projects', { body: { project_name: name, metadata: { public: String(isPublic) } } })
    const params = { project_name_or_id: name }
    if (owner !== undefined) {
      const body = { role_id: roleIds.projectAdmin, member_user: { username: owner } }
      await api.call('POST /projects/{project_name_or_id}/members', { params, body })
    }
    const project = await getProject(api, name)
    return {
      text: `created ${isPublic ? 'public' : 'private'} project ${name} at ${api.name}`,
      json: presentRemoteProject(project),
    }
  },
}
