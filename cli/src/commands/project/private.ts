import type { AccessCommand } from '../../access-command.ts'

export const makeProjectPrivate: AccessCommand = {
  usage: 'private <name>',
  description: 'let only members pull from a project',
  example: 'berth project private backend',
  async run({ projects, actor }, [name = '']) {
    await projects.setPublic(actor, name, false)
    return { text: `${name} is private`, json: { name, public: false } }
  },
  async remote(api, [name = '']) {
    const params = { project_name_or_id: name }
    await api.call('PUT /projects/{project_name_or_id}', { params, body: { metadata: { public: 'false' } } })
    return { text: `${name} is private at ${api.name}`, json: { name, public: false } }
  },
}
