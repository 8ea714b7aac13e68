import type { AccessCommand } from '../../access-command.ts'

export const makeProjectPublic: AccessCommand = {
  usage: 'public <name>',
  description: 'let everyone pull from a project, without an account too',
  example: 'berth project public backend',
  async run({ projects, actor }, [name = '']) {
    await projects.setPublic(actor, name, true)
    return { text: `${name} is public`, json: { name, public: true } }
  },
  async remote(api, [name = '']) {
    const params = { project_name_or_id: name }
    await api.call('PUT /projects/{project_name_or_id}', { params, body: { metadata: { public: 'true' } } })
    return { text: `${name} is public at ${api.name}`, json: { name, public: true } }
  },
}
