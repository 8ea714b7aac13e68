import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { parseDigest, type Digest } from '#contract/digest.ts'
import type { RegistryClient } from '#server/clients/registry/registry-client.ts'
import { decompressed } from '#server/domain/scanning/detection/decompress.ts'
import { trivyDbMediaTypes } from '#server/domain/scanning/data/data-artifact.ts'
import { importLimits } from '#server/domain/scanning/data/import-limits.ts'
import { headOf, peeked } from '#server/domain/scanning/data/packed-files.ts'
import { formOf, headBytes } from '#server/domain/scanning/data/recognise.ts'
import { asTyped } from '../../as-typed.ts'
import { CommandError } from '../../command-error.ts'
import { addOutputFlag, printOutcome, type Format } from '../../output.ts'
import { done } from '../../registry-command.ts'
import { parseImageReference } from '../../scan/image-reference.ts'
import { openNamedRegistry, withAdvice } from '../../scan/registry-address.ts'
import { addSettingFlags, loadConfigFor } from '../../setting-flags.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const example = 'berth db push db.tar.gz registry.example.com/library/trivy-db:2'

/** Puts vulnerability data into a registry as the artifact that Trivy fetches, so that a site without internet has it in one place. */
export function registerPushCommand(parent: Command): void {
  const command = addOutputFlag(addSettingFlags(parent.command('push'), { showAll: false }))
    .description('push vulnerability data to a repository, as the artifact that Trivy and berth db pull fetch')
    .argument('<file>', 'the database of Trivy as it is published (tar.gz), or a file that berth db import takes')
    .argument('<artifact>', 'registry.example.com/library/trivy-db:2')
    .option('--ca <file>', 'PEM file of the authority that signed the certificate of the registry')
    .option('--insecure', 'take any certificate of the registry')
    .addHelpText('after', () => asTyped(`\nExample:\n  ${example}`))
  command.action(async (file: string, artifact: string) => {
    const { ca, insecure, output } = command.opts<{ ca?: string; insecure?: true; output: Format }>()
    if (!existsSync(file)) throw new CommandError(`${file} is not there`, { kind: 'not-found' })
    const reference = parseImageReference(artifact)
    if (reference === undefined || reference.reference.includes(':'))
      throw new CommandError(`${artifact} is no artifact with a tag`, {
        kind: 'usage',
        next: `for example: ${example}`,
      })
    const { config } = loadConfigFor(command)
    const { client: opened, url } = openNamedRegistry(config, reference, { ca, insecure: insecure === true })
    using client = opened
    try {
      const digest = await pushData(client, reference, file)
      printOutcome(done(`pushed ${artifact}@${digest}`, { artifact, digest }), output)
    } catch (error) {
      throw withAdvice(error, url)
    }
  })
}

interface Place {
  readonly repository: string
  readonly reference: string
}

async function pushData(client: RegistryClient, { repository, reference }: Place, file: string): Promise<Digest> {
  const isTrivyDb = await hasTar(file)
  const layer = await describeFile(file)
  const empty = new TextEncoder().encode('{}')
  const config = { digest: digestOf(empty), sizeBytes: empty.length }
  await client.uploads.push(repository, { ...config, open: async (start) => once(empty.subarray(start)) })
  await client.uploads.push(repository, { ...layer, open: async (start) => createReadStream(file, { start }) })
  const title = { 'org.opencontainers.image.title': basename(file) }
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: isTrivyDb ? trivyDbMediaTypes.config : 'application/vnd.berth.vulnerability-data.v1',
    config: { mediaType: isTrivyDb ? trivyDbMediaTypes.config : emptyType, digest: config.digest, size: 2 },
    layers: [
      {
        mediaType: isTrivyDb ? trivyDbMediaTypes.layer : 'application/octet-stream',
        digest: layer.digest,
        size: layer.sizeBytes,
        annotations: title,
      },
    ],
    annotations: { 'org.opencontainers.image.created': `${new Date().toISOString().slice(0, 19)}Z` },
  }
  const bytes = new TextEncoder().encode(JSON.stringify(manifest))
  return (await client.manifests.push(repository, reference, { bytes, mediaType: manifestType })).digest
}

const emptyType = 'application/vnd.oci.empty.v1+json'

/** @throws CommandError for what is no vulnerability data */
async function hasTar(file: string): Promise<boolean> {
  const form = formOf(await headOf(file, headBytes))
  if (form === undefined)
    throw new CommandError(`${file} is no vulnerability data`, {
      kind: 'usage',
      next: 'berth db import --help names the forms',
    })
  if (form !== 'gzip') return false
  const { head, whole } = await peeked(decompressed(createReadStream(file), importLimits), headBytes)
  await whole[Symbol.asyncIterator]().return?.(undefined)
  return formOf(head) === 'tar'
}

async function describeFile(file: string) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array)
  return { digest: parseDigest(`sha256:${hash.digest('hex')}`), sizeBytes: (await stat(file)).size }
}

const digestOf = (bytes: Uint8Array): Digest =>
  parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
