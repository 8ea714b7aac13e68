import type { AccessCommand } from '../../access-command.ts'

export const makeProjectPrivate: AccessCommand = {
  usage: 'private <name>',
  description: 'let only members pull from a project',
  example: 'berth project private backend',
  async run({ projects, actor }, [name = '']) {
    await projects.setPublic(actor, name, false)
    return { text: `${name} is private`, json: { name, public: false } }
  },
}
