import { counted } from '../counted.ts'
import { Option, type Command } from 'commander'
import { predicateName } from '#contract/artifact-types.ts'
import { parseForeignJson } from '#contract/budget.ts'
import type { RowOf } from '../api/registry-api.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { formatBytes } from '../format-bytes.ts'
import { artifactPath, parseArtifactName, pulledAt, repositoryParams, shortDigest } from '../names.ts'
import { CommandError } from '../command-error.ts'
import { factsOf, tableOf } from '../output.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

const sbomBudget = { subject: 'the SBOM', maxBytes: 64 * 1024 * 1024, maxDepth: 64, maxValues: 3_000_000 }

type SbomFormat = 'spdx' | 'cyclonedx'

const addFormatFlag = (command: Command): void =>
  void command.addOption(
    new Option('--format <format>', 'form of the SBOM').choices(['spdx', 'cyclonedx']).default('spdx'),
  )

type Artifact = RowOf<'GET /projects/{project_name}/repositories/{repository_name}/artifacts'>

const tagsOf = ({ tags }: Artifact): string => (tags ?? []).map(({ name }) => name).join(', ')

export const artifactCommands: CommandGroup = {
  name: 'artifact',
  aliases: ['artifacts'],
  description: 'images, charts and whatever else was pushed',
  commands: [
    listCommand({
      usage: 'list <repository>',
      description: 'list the artifacts of a repository, the newest first',
      example: 'berth artifact list library/nginx',
      operation: 'GET /projects/{project_name}/repositories/{repository_name}/artifacts',
      input: ([name = '']) => ({ params: repositoryParams(name) }),
      columns: {
        DIGEST: ({ digest }) => shortDigest(digest),
        TAGS: tagsOf,
        KIND: ({ type }) => type,
        SIZE: ({ size }) => formatBytes(size),
        PUSHED: ({ push_time: time }) => time,
        '*PULLED': pulledAt,
        '*WHOLE DIGEST': ({ digest }) => digest,
      },
    }),
    {
      usage: 'show <artifact>',
      description: 'one artifact, by a tag or by its digest',
      example: 'berth artifact show library/nginx:v1',
      run: async (api, [name = '']) => {
        const { params } = parseArtifactName(name)
        const found = await api.call(`GET ${artifactPath}`, { params })
        const { os, architecture } = (found.extra_attrs ?? {}) as { os?: string; architecture?: string }
        return factsOf(
          [
            ['digest', found.digest],
            ['repository', found.repository_name],
            ['kind', found.type],
            ['media type', found.media_type],
            ['size', formatBytes(found.size)],
            ['tags', (found.tags ?? []).map((tag) => tag.name)],
            ['platform', os === undefined ? undefined : `${os}/${architecture ?? ''}`],
            [
              'platforms',
              (found.references ?? [])
                .map(({ platform }) => `${platform?.os ?? ''}/${platform?.architecture ?? ''}`)
                .join(', '),
            ],
            ['labels', (found.labels ?? []).map((label) => label.name).join(', ')],
            ['pushed', found.push_time],
            ['pulled', pulledAt(found)],
          ],
          found,
        )
      },
    },
    {
      usage: 'delete <artifact>',
      description: 'delete an artifact and every tag that names it; it can be restored from the trash',
      example: 'berth artifact delete library/nginx@sha256:…',
      configure: addConfirmFlag,
      run: async (api, [name = ''], flags) => {
        const { params } = parseArtifactName(name)
        const { digest, tags } = await api.call(`GET ${artifactPath}`, { params })
        const names = (tags ?? []).map((tag) => tag.name)
        await confirm(
          `${digest} goes from ${params.project_name}/${params.repository_name} at ${api.name}, with ${counted(names.length, 'tag')} (${names.slice(0, 10).join(', ')})`,
          flags,
        )
        await api.call(`DELETE ${artifactPath}`, { params: { ...params, reference: digest } })
        return done(`deleted ${digest}; while it is in the trash: berth trash list ${params.project_name}`, {
          digest,
          tags: names,
        })
      },
    },
    listCommand({
      usage: 'signatures <artifact>',
      description: 'list the signatures of an artifact: who signed, whether it counts, and why not',
      example: 'berth artifact signatures backend/api:v1',
      operation: `GET ${artifactPath}/signatures`,
      input: ([name = '']) => ({ params: parseArtifactName(name).params }),
      columns: {
        STATE: ({ state }) => state,
        SIGNER: ({ signer }) => signer?.name,
        IDENTITY: ({ identity }) => identity,
        'WHY NOT': ({ reason }) => reason,
        STATES: ({ predicate_type: type }) => (type === undefined ? undefined : predicateName(type)),
        '*SIGNED': ({ signed_at: time }) => time,
        '*ENDS': ({ expires_at: time }) => time,
        '*DETAIL': ({ detail }) => detail,
        '*DIGEST': ({ digest }) => digest,
      },
    }),
    {
      usage: 'copy <artifact> <repository>',
      description: 'put an artifact with everything that belongs to it into another repository',
      example: 'berth artifact copy staging/api:v1 production/api',
      run: async (api, [from = '', to = '']) => {
        parseArtifactName(from)
        await api.call('POST /projects/{project_name}/repositories/{repository_name}/artifacts', {
          params: repositoryParams(to),
          query: { from },
        })
        return done(`copied ${from} to ${to}`, { from, to })
      },
    },
    {
      usage: 'generate-sbom <artifact>',
      description: 'have the SBOM of an image made and stored beside it; of an index that of each image',
      example: 'berth artifact generate-sbom library/nginx:v1 --format cyclonedx',
      configure: addFormatFlag,
      run: async (api, [name = ''], { format }) => {
        const { params } = parseArtifactName(name)
        const body = { scan_type: 'sbom', sbom_format: format as SbomFormat } as const
        await api.call(`POST ${artifactPath}/scan`, { params, body })
        return done(`the SBOM of ${name} was queued; when it is made: berth artifact sbom ${name}`, { artifact: name })
      },
    },
    {
      usage: 'sbom <artifact>',
      description: 'print the SBOM of an image',
      example: 'berth artifact sbom library/nginx:v1 > nginx.spdx.json',
      configure: addFormatFlag,
      run: async (api, [name = ''], { format }) => {
        const { params } = parseArtifactName(name)
        const text = await api.text(`GET ${artifactPath}/additions/{addition}`, {
          params: { ...params, addition: 'sbom' },
          query: { format: format as SbomFormat },
        })
        return { text, json: parseForeignJson(text, sbomBudget) }
      },
    },
    {
      usage: 'packages <artifact>',
      description: 'the packages in an image with their licences, as its last scan or SBOM found them',
      example: 'berth artifact packages library/nginx:v1 --licence GPL-2.0-only',
      configure: (command) =>
        void command
          .option('--licence <name>', 'only packages with this licence')
          .option('--kind <kind>', 'only packages of this kind: apk, deb, rpm, npm, pypi, …')
          .option('--text <text>', 'only packages with this in their name, version or package URL'),
      run: async (api, [name = ''], flags) => {
        const { params } = parseArtifactName(name)
        const { licence, kind, text } = flags as { licence?: string; kind?: string; text?: string }
        const query = { page_size: 0, licence, kind, text }
        const found = await api.call(`GET ${artifactPath}/packages`, { params, query })
        if (!found.known) {
          throw new CommandError(`the packages of ${name} are not known`, {
            next: `berth artifact generate-sbom ${name}`,
          })
        }
        return tableOf(found.packages, {
          NAME: (each) => each.name,
          VERSION: ({ version }) => version,
          KIND: (each) => each.kind,
          LICENCES: ({ licences }) => licences.join(', '),
          '*PATH': ({ path }) => path,
          '*LAYER': ({ layer }) => layer,
        })
      },
    },
  ],
}
