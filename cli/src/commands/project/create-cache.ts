import { done, type RegistryCommand } from '../../registry-command.ts'
import { getRegistry } from '../registry.ts'

export const createCache: RegistryCommand = {
  usage: 'create-cache <name> <registry>',
  description: 'create a project that is the cache of a remote registry',
  example: 'berth project create-cache hub docker-hub --public',
  configure: (command) => void command.option('--public', 'everyone may pull from it, without an account too'),
  run: async (api, [name = '', text = ''], flags) => {
    const registry = await getRegistry(api, text)
    const isPublic = flags['public'] === true
    await api.create('POST /projects', {
      body: { project_name: name, registry_id: registry.id, metadata: { public: String(isPublic) } },
    })
    const access = isPublic ? 'public' : 'private'
    return done(`created ${access} project ${name}, the cache of ${registry.name}`, { name, registry: registry.name })
  },
}
