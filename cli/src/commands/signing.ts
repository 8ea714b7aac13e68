import { Option } from 'commander'
import type { RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { artifactPath, parseArtifactName, parseId, shortDigest } from '../names.ts'
import { factsOf, tableOf } from '../output.ts'
import { done, listCommand, type CommandGroup, type RegistryCommand } from '../registry-command.ts'

const forms = ['cosign', 'cosign-tag', 'notation'] as const
type Form = (typeof forms)[number]

const where = (project: string | undefined): string => (project === undefined ? 'the registry' : `project ${project}`)
const inProject = (project: string) => ({ params: { project_name_or_id: project } })

async function listKeys(api: RegistryApi, project: string | undefined) {
  return project === undefined
    ? await api.call('GET /signature-keys')
    : await api.call('GET /projects/{project_name_or_id}/signature-keys', inProject(project))
}

/** A key by its id, or the active one of this name. @throws CommandError */
async function getKey(api: RegistryApi, text: string, project: string | undefined) {
  const keys = await listKeys(api, project)
  const found = /^\d+$/.test(text)
    ? keys.find(({ id }) => id === Number(text))
    : keys.find(({ name, state }) => name === text && state === 'active')
  if (found !== undefined) return found
  const next = `berth signature-key list${project === undefined ? '' : ` ${project}`}`
  throw new CommandError(`${where(project)} has no key ${text} that signs`, { next })
}

export const signatureKeyCommands: CommandGroup = {
  name: 'signature-key',
  aliases: ['signature-keys'],
  description: 'keys with which the registry signs images',
  commands: [
    {
      usage: 'list [project]',
      description: 'list the keys of a project, or those of the registry',
      example: 'berth signature-key list backend',
      run: async (api, [project]) =>
        tableOf(await listKeys(api, project), {
          ID: ({ id }) => id,
          NAME: ({ name }) => name,
          VERSION: ({ version }) => version,
          STATE: ({ state }) => state,
          CREATED: ({ creation_time: time }) => time,
          '*MADE BY': ({ username }) => username,
          '*REVOKED BECAUSE': ({ revoke_reason: reason }) => reason,
        }),
    },
    {
      usage: 'show <key> [project]',
      description: 'show a key, by its id or name, with what cosign and notation verify by',
      example: 'berth signature-key show release backend',
      configure: (command) =>
        void command.addOption(
          new Option('--only <part>', 'write one part alone, for a file').choices([
            'public-key',
            'certificate',
            'trust-policy',
          ]),
        ),
      run: async (api, [key = '', project], flags) => {
        const found = await getKey(api, key, project)
        const parts: Readonly<Record<string, string>> = {
          'public-key': found.public_key,
          certificate: found.certificate,
          'trust-policy': JSON.stringify(found.trust_policy, null, 2),
        }
        const only = flags['only'] === undefined ? undefined : parts[String(flags['only'])]
        if (only !== undefined) return { text: only.trimEnd(), json: found }
        return factsOf([...Object.entries({ ...found, trust_policy: parts['trust-policy'] })], found)
      },
    },
    {
      usage: 'create <name> [project]',
      description: 'make a key that signs, and trust it in a project or in every project',
      example: 'berth signature-key create release backend',
      run: async (api, [name = '', project]) => {
        const { id } =
          project === undefined
            ? await api.create('POST /signature-keys', { body: { name } })
            : await api.create('POST /projects/{project_name_or_id}/signature-keys', {
                ...inProject(project),
                body: { name },
              })
        return done(`the key ${name} (${id}) signs in ${where(project)}`, { id, name, project })
      },
    },
    {
      usage: 'rotate <key> [project]',
      description: 'a new key takes over the name; what the old one signed stays valid',
      example: 'berth signature-key rotate release backend',
      run: async (api, [key = '', project]) => {
        const { id: old, name } = await getKey(api, key, project)
        const { id } =
          project === undefined
            ? await api.create('POST /signature-keys/{key_id}/rotation', { params: { key_id: old } })
            : await api.create('POST /projects/{project_name_or_id}/signature-keys/{key_id}/rotation', {
                params: { project_name_or_id: project, key_id: old },
              })
        return done(`the key ${id} signs as ${name} now; ${old} signs no more`, { id, name, project, retired: old })
      },
    },
    {
      usage: 'revoke <key> [project]',
      description: 'nothing that the key signed counts any more',
      example: 'berth signature-key revoke release backend --reason "the laptop was stolen"',
      configure: (command) => {
        command.requiredOption('--reason <text>', 'why, for the audit log')
        addConfirmFlag(command)
      },
      run: async (api, [key = '', project], flags) => {
        const { id, name, version } = await getKey(api, key, project)
        await confirm(`what ${name} version ${version} signed counts no more in ${where(project)}`, flags)
        const body = { reason: String(flags['reason']) }
        if (project === undefined)
          await api.call('POST /signature-keys/{key_id}/revocation', { params: { key_id: id }, body })
        else
          await api.call('POST /projects/{project_name_or_id}/signature-keys/{key_id}/revocation', {
            params: { project_name_or_id: project, key_id: id },
            body,
          })
        return done(`${name} version ${version} is revoked`, { id, name, project })
      },
    },
  ],
}

export const signingRequestCommands: CommandGroup = {
  name: 'signing-request',
  aliases: ['signing-requests'],
  description: 'signatures that wait for a second person',
  commands: [
    listCommand({
      usage: 'list <project>',
      description: 'list what waits and what was decided, the newest first',
      example: 'berth signing-request list backend',
      operation: 'GET /projects/{project_name_or_id}/signing-requests',
      input: ([project = '']) => inProject(project),
      columns: {
        ID: ({ id }) => id,
        STATE: ({ state }) => state,
        REPOSITORY: ({ repository_name: name }) => name,
        DIGEST: ({ digest }) => shortDigest(digest),
        'ASKED BY': ({ requested_by: name }) => name,
        ASKED: ({ creation_time: time }) => time,
        'DECIDED BY': ({ decided_by: name }) => name,
        '*COMMENT': ({ comment }) => comment,
        '*REASON': ({ reason }) => reason,
      },
    }),
    {
      usage: 'approve <request> <project>',
      description: 'say yes to the signature that somebody else asked for; the registry signs',
      example: 'berth signing-request approve 7 backend',
      run: async (api, [text = '', project = '']) => {
        const answer = await api.call('POST /projects/{project_name_or_id}/signing-requests/{request_id}/approval', {
          params: { project_name_or_id: project, request_id: parseId(text, 'a request') },
        })
        return done(`signed: ${saidOf(answer.signatures)}`, answer)
      },
    },
    {
      usage: 'reject <request> <project>',
      description: 'say no to a signature',
      example: 'berth signing-request reject 7 backend --reason "not tested"',
      configure: (command) => void command.requiredOption('--reason <text>', 'why, for who asked'),
      run: async (api, [text = '', project = ''], flags) => {
        const id = parseId(text, 'a request')
        await api.call('POST /projects/{project_name_or_id}/signing-requests/{request_id}/rejection', {
          params: { project_name_or_id: project, request_id: id },
          body: { reason: String(flags['reason']) },
        })
        return done(`the request ${id} is rejected`, { id, project })
      },
    },
  ],
}

const saidOf = (signatures: readonly { readonly form: string; readonly digest: string }[]): string =>
  signatures.map(({ form, digest }) => `${form} ${digest}`).join(', ')

export const signCommand: RegistryCommand = {
  usage: 'sign <artifact>',
  description: 'sign an artifact with a key of the registry',
  example: 'berth sign backend/app:v1 --key release --form cosign --form notation',
  configure: (command) =>
    void command
      .requiredOption('--key <key>', 'id or name of a key of the project')
      .option('--registry-key', 'the key is one of the registry')
      .addOption(
        new Option('--form <form>', 'form of the signature; may be given several times')
          .choices([...forms])
          .default([], 'cosign')
          .argParser<Form[]>((text, before: Form[]) => {
            const form = forms.find((each) => each === text)
            if (form !== undefined) return [...before, form]
            throw new CommandError(`${text} is no form of a signature`, { next: forms.join(', '), kind: 'usage' })
          }),
      )
      .option('--comment <text>', 'for the second person, where the project wants two', ''),
  run: async (api, [name = ''], flags) => {
    const { params } = parseArtifactName(name)
    const project = flags['registryKey'] === true ? undefined : params.project_name
    const { id } = await getKey(api, String(flags['key']), project)
    const given = flags['form'] as Form[]
    const answer = await api.call(`POST ${artifactPath}/signatures`, {
      params,
      body: { key_id: id, forms: given.length === 0 ? ['cosign'] : given, comment: String(flags['comment']) },
    })
    if ('request_id' in answer)
      return done(
        `request ${answer.request_id} waits for a second person: berth signing-request approve ${answer.request_id} ${params.project_name}`,
        answer,
      )
    return done(`signed: ${saidOf(answer.signatures)}`, answer)
  },
}
