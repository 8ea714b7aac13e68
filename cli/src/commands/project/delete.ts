import type { AccessCommand } from '../../access-command.ts'

export const deleteProject: AccessCommand = {
  usage: 'delete <name>',
  description: 'delete a project that has no repositories any more',
  example: 'berth project delete backend',
  async run({ projects, actor }, [name = '']) {
    await projects.deleteProject(actor, name)
    return { text: `deleted project ${name}`, json: { name } }
  },
}
