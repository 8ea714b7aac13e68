import type { AccessCommand } from '../../access-command.ts'
import { presentProject } from './present-project.ts'

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
}
