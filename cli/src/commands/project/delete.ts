import { getProject } from '../../api/find-project.ts'
import type { AccessCommand } from '../../access-command.ts'
import { addConfirmFlag, confirm } from '../../confirm.ts'

export const deleteProject: AccessCommand = {
  usage: 'delete <name>',
  description: 'delete a project that has no repositories any more',
  example: 'berth project delete backend',
  configure: addConfirmFlag,
  async run({ projects, actor }, [name = ''], flags) {
    if ((await projects.findProject(actor, name)) !== undefined) {
      await confirm(`the project ${name} goes, with its members, robots, labels and policies`, flags)
    }
    await projects.deleteProject(actor, name)
    return { text: `deleted project ${name}`, json: { name } }
  },
  async remote(api, [name = ''], flags) {
    const params = { project_name_or_id: name }
    await getProject(api, name)
    await confirm(`the project ${name} goes from ${api.name}, with its members, robots, labels and policies`, flags)
    await api.call('DELETE /projects/{project_name_or_id}', { params })
    return { text: `deleted project ${name} at ${api.name}`, json: { name } }
  },
}
