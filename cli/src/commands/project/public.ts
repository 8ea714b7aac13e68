import type { AccessCommand } from '../../access-command.ts'

export const makeProjectPublic: AccessCommand = {
  usage: 'public <name>',
  description: 'let everyone pull from a project, without an account too',
  example: 'berth project public backend',
  async run({ projects, actor }, [name = '']) {
    await projects.setPublic(actor, name, true)
    return { text: `${name} is public`, json: { name, public: true } }
  },
}
