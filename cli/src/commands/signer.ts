import { readFileSync } from 'node:fs'
import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { collect } from '../flag-values.ts'
import { readDocument } from '../json-file.ts'
import { parseId, parsePair } from '../names.ts'
import { factsOf, tableOf } from '../output.ts'
import { done, type CommandGroup, type Flags } from '../registry-command.ts'

type Signer = AnswerOf<'GET /signers/{signer_id}'>

const noLimit = 10_000

/** Of a project, with those of the registry; or those of the registry alone. */
async function listSigners(api: RegistryApi, project: string | undefined) {
  const { rows } =
    project === undefined
      ? await api.list('GET /signers', {}, noLimit)
      : await api.list(
          'GET /projects/{project_name_or_id}/signers',
          { params: { project_name_or_id: project } },
          noLimit,
        )
  return rows
}

async function getSigner(api: RegistryApi, id: number, project: string | undefined): Promise<Signer> {
  return project === undefined
    ? await api.call('GET /signers/{signer_id}', { params: { signer_id: id } })
    : await api.call('GET /projects/{project_name_or_id}/signers/{signer_id}', {
        params: { project_name_or_id: project, signer_id: id },
      })
}

const where = (project: string | undefined): string => (project === undefined ? 'every project' : `project ${project}`)

export const signerCommands: CommandGroup = {
  name: 'signer',
  aliases: ['signers'],
  description: 'whose signatures of images count',
  commands: [
    {
      usage: 'list [project]',
      description: 'list whose signatures count in a project, or in every project',
      example: 'berth signer list backend',
      run: async (api, [project]) =>
        tableOf(await listSigners(api, project), {
          ID: ({ id }) => id,
          NAME: ({ name }) => name,
          KIND: ({ kind }) => kind,
          SCOPE: ({ scope }) => scope,
          'KNOWN BY': ({ description }) => description,
          '*ENDS': ({ expires_at: end }) => end,
          '*NAMED BY': ({ username }) => username,
          '*CREATED': ({ creation_time: time }) => time,
        }),
    },
    {
      usage: 'show <signer> [project]',
      description: 'show a signer, by its id, with its keys, certificates or policies',
      example: 'berth signer show 3 backend',
      run: async (api, [signer = '', project]) => {
        const found = await getSigner(api, parseId(signer, 'a signer'), project)
        const { definition, ...facts } = found
        const { kind: _, ...rest } = definition as Record<string, unknown>
        return factsOf([...Object.entries(facts), ...Object.entries(rest)], found)
      },
    },
    {
      usage: 'create <name> [project]',
      description: 'trust a key, certificates, an identity or a trust policy, in a project or in every project',
      example: 'berth signer create release backend --key cosign.pub',
      configure: (command) =>
        void command
          .option('--key <file>', 'PEM file of a public key: ECDSA, RSA, Ed25519 or SM2')
          .option('--certificates <file>', 'PEM file of authorities, or of certificates of signers')
          .option('--issuer <url>', 'the provider at which signers without keys sign in')
          .option('--subject <pattern>', 'a name of the certificate; * and ** stand for anything')
          .option('--trusted-root <file>', 'trusted_root.json of Sigstore, with --issuer or --key')
          .option('--trust-policy <file>', 'trustpolicy.json of notation')
          .option('--trust-store <type:name=file>', 'PEM file of a trust store that it names; repeatable', collect, [])
          .option('--timestamp-certificates <file>', 'PEM file of time-stamp authorities, with --certificates')
          .option('--revocation-lists <file>', 'PEM file of revocation lists, with --certificates or --trust-policy'),
      run: async (api, [name = '', project], flags) => {
        const body = { name, definition: await definitionOf(flags) }
        const { id } =
          project === undefined
            ? await api.create('POST /signers', { body })
            : await api.create('POST /projects/{project_name_or_id}/signers', {
                params: { project_name_or_id: project },
                body,
              })
        return done(`signer ${name} (${id ?? ''}) counts in ${where(project)}`, { id: Number(id), name, project })
      },
    },
    {
      usage: 'delete <signer> [project]',
      description: 'end the trust in a signer, by its id; what only it signed counts no more',
      example: 'berth signer delete 3 backend',
      configure: addConfirmFlag,
      run: async (api, [text = '', project], flags) => {
        const id = parseId(text, 'a signer')
        const { name } = await getSigner(api, id, project)
        await confirm(`what only ${name} signed counts no more in ${where(project)} at ${api.name}`, flags)
        if (project === undefined) await api.call('DELETE /signers/{signer_id}', { params: { signer_id: id } })
        else
          await api.call('DELETE /projects/{project_name_or_id}/signers/{signer_id}', {
            params: { project_name_or_id: project, signer_id: id },
          })
        return done(`${name} is trusted no more in ${where(project)}`, { id, name, project })
      },
    },
  ],
}

interface SignerFlags {
  readonly key?: string
  readonly certificates?: string
  readonly issuer?: string
  readonly subject?: string
  readonly trustedRoot?: string
  readonly trustPolicy?: string
  readonly trustStore: readonly string[]
  readonly timestampCertificates?: string
  readonly revocationLists?: string
}

/** @throws CommandError for flags that do not name one kind of signer */
async function definitionOf(given: Flags) {
  const flags = given as unknown as SignerFlags
  const kinds = (['key', 'certificates', 'issuer', 'trustPolicy'] as const).filter((flag) => flags[flag] !== undefined)
  if (kinds.length !== 1) {
    throw new CommandError('a signer is named by one of --key, --certificates, --issuer and --trust-policy', {
      next: 'each makes a signer of its own',
      kind: 'usage',
    })
  }
  const { key, certificates, issuer, subject, trustPolicy } = flags
  const root = flags.trustedRoot === undefined ? undefined : await documentOf(flags.trustedRoot)
  const lists = flags.revocationLists === undefined ? {} : { revocation_lists: textOf(flags.revocationLists) }
  if (key !== undefined) {
    return { kind: 'key' as const, public_key: textOf(key), ...(root === undefined ? {} : { trusted_root: root }) }
  }
  if (certificates !== undefined) {
    const stamps = flags.timestampCertificates
    return {
      kind: 'certificate' as const,
      certificates: textOf(certificates),
      ...(subject === undefined ? {} : { subject }),
      ...(stamps === undefined ? {} : { timestamp_certificates: textOf(stamps) }),
      ...lists,
    }
  }
  if (issuer !== undefined) {
    if (subject === undefined || root === undefined) {
      throw new CommandError('--issuer needs --subject and --trusted-root', {
        next: 'without them everybody who can sign in at the provider would be trusted',
        kind: 'usage',
      })
    }
    return { kind: 'keyless' as const, issuer, subject, trusted_root: root }
  }
  const stores = flags.trustStore.map((text) => parsePair(text, 'is no trust store', 'ca:company=root.pem'))
  return {
    kind: 'notation' as const,
    trust_policy: await documentOf(trustPolicy!),
    trust_stores: Object.fromEntries(stores.map(([name, file]) => [name, textOf(file)])),
    ...lists,
  }
}

const documentOf = async (file: string) => (await readDocument(file)) as Record<string, unknown>

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`, { kind: 'usage', cause: error })
  }
}
