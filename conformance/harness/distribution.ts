import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createImage, createIndex, createUniqueImage, sha256, type Image } from './image.ts'
import { findClient } from './real-client.ts'
import { findFreePort, type RegistryUnderTest } from './registry.ts'
import { expectStatus, V2Client } from './v2-client.ts'

/** Debian's `docker-registry` is Distribution 2.8; `distribution-registry` is what Go builds of Distribution 3. */
export type DistributionProgram = 'docker-registry' | 'distribution-registry'

/** Why there is no such Distribution here; undefined when there is one. */
export const whyMissing = (program: DistributionProgram): string | undefined =>
  findClient(program) === undefined ? `not on this machine: ${program}` : undefined

export const distributionMissing = whyMissing('docker-registry')

export interface Distribution extends AsyncDisposable {
  readonly client: V2Client
  /** `host:port`. */
  readonly host: string
}

/** A Distribution on a folder, or on whatever else `storage` says in its own words. */
export async function startDistribution(
  folder: string,
  storage: object = { filesystem: { rootdirectory: join(folder, 'registry') } },
  name: DistributionProgram = 'docker-registry',
): Promise<Distribution> {
  const program = findClient(name)
  if (program === undefined) throw new Error(whyMissing(name))
  await mkdir(folder, { recursive: true })
  const port = await findFreePort()
  const host = `127.0.0.1:${port}`
  const file = join(folder, 'config.yml')
  // JSON is YAML.
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { delete: { enabled: true }, ...storage },
    http: { addr: host },
  }
  await writeFile(file, JSON.stringify(config))
  const log = Bun.file(join(folder, 'registry.log'))
  // Nothing of what the machine sets for AWS: its client cannot bear AWS_CA_BUNDLE.
  const env = { PATH: process.env['PATH'] ?? '', OTEL_TRACES_EXPORTER: 'none' }
  const child = Bun.spawn([program, 'serve', file], { cwd: folder, env, stdin: 'ignore', stdout: log, stderr: log })
  for (let attempt = 0; ; attempt++) {
    const answers = await fetch(`http://${host}/v2/`).then(
      ({ status }) => status === 200,
      () => false, // nobody listens yet
    )
    if (answers) break
    if (attempt > 200 || child.exitCode !== null) throw new Error(`${name} does not answer: ${await log.text()}`)
    await Bun.sleep(50)
  }
  const registry = { url: `http://${host}`, host, authorityFile: undefined } as RegistryUnderTest
  return {
    host,
    client: new V2Client(registry, 'anonymous'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}

/** Tags by repository, each with the digest that it names. */
export type Tagged = Map<string, Map<string, string>>

/**
 * Fills a registry with images of every kind that has a tag: most share a base layer, some are indexes, have several
 * tags, a signature that names them as subject, or lie in nested repositories; some in `single`. Returns how many
 * manifests were pushed.
 */
export async function fillRegistry(
  client: V2Client,
  images: number,
  parallel = 16,
  single = 'single',
): Promise<number> {
  const base = createImage({ layers: [[{ path: 'base', content: 'base\n'.repeat(20_000) }]] })
  let manifests = 0
  const pushOne = async (number: number): Promise<void> => {
    const repository = repositoryOf(number, single)
    const image = withBase(base, number)
    if (number % 25 === 0) {
      const index = createIndex([image, createUniqueImage('arm64')])
      await persist(() => client.pushImage(repository, index, `multi-${number}`))
      manifests += 3
    } else {
      await persist(() => client.pushImage(repository, image, `v${number}`))
      manifests += 1
    }
    const push = async ({ descriptor: { digest, mediaType }, content }: Image, reference: string) =>
      await persist(async () =>
        expectStatus(await client.pushManifest(repository, reference, mediaType, content.get(digest)!), 201),
      )
    if (number % 10 === 0) {
      const signature = referrerOf(image)
      for (const [digest, bytes] of signature.content) {
        if (digest !== signature.descriptor.digest) await persist(() => client.pushBlob(repository, bytes))
      }
      await push(signature, signature.descriptor.digest)
      manifests += 1
    }
    if (number % 7 === 0) await push(image, `also-${number}`)
  }
  let next = 0
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < images) await pushOne(next++)
    }),
  )
  return manifests
}

/** Distribution loses sight of a blob for a moment while another push of it ends. */
async function persist(push: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; attempt < 5; attempt++) {
    try {
      return void (await push())
    } catch {
      await Bun.sleep(50 * attempt) // the last attempt says what is wrong
    }
  }
  await push()
}

const repositoryOf = (number: number, single: string): string => {
  const names = ['library/app', 'team/web', 'team/web/api', 'team/deep/er/still', single]
  return number % 3 === 0 ? `many/r${number}` : names[number % names.length]!
}

function withBase(base: Image, number: number): Image {
  const own = createImage({
    layers: [
      [{ path: 'base', content: 'base\n'.repeat(20_000) }],
      [{ path: 'number', content: `${number} ${crypto.randomUUID()}\n` }],
    ],
  })
  return {
    descriptor: own.descriptor,
    content: new Map([...base.content, ...own.content].filter(([digest]) => own.content.has(digest))),
  }
}

/** A signature, as OCI 1.1 has it. */
function referrerOf(image: Image): Image {
  const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
  const payload = encode({ signed: image.descriptor.digest })
  const empty = new TextEncoder().encode('{}')
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = encode({
    schemaVersion: 2,
    mediaType,
    artifactType: 'application/vnd.example.signature.v1',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: sha256(empty), size: empty.byteLength },
    layers: [{ mediaType: 'application/octet-stream', digest: sha256(payload), size: payload.byteLength }],
    subject: { mediaType, digest: image.descriptor.digest, size: image.descriptor.size },
  })
  const content = new Map([manifest, payload, empty].map((bytes) => [sha256(bytes), bytes]))
  return { descriptor: { mediaType, digest: sha256(manifest), size: manifest.byteLength }, content }
}

/** What a registry says of all its tags. `nameOf` says what a repository is called there. */
export async function readTags(
  client: V2Client,
  repositories: readonly string[],
  nameOf: (repository: string) => string = (name) => name,
): Promise<Tagged> {
  const accept = [
    'application/vnd.oci.image.index.v1+json',
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.docker.distribution.manifest.v2+json',
  ].join(', ')
  const all: Tagged = new Map()
  for (const repository of repositories) {
    const name = nameOf(repository)
    const tags = new Map<string, string>()
    for (const tag of (await readAll(client, `/v2/${name}/tags/list?n=500`, 'tags')).sort()) {
      const answer = await client.request(`/v2/${name}/manifests/${tag}`, { headers: { accept } })
      const bytes = new Uint8Array(await (await expectStatus(answer, 200)).arrayBuffer())
      // The header is what it says, the bytes are what it has.
      if (answer.headers.get('docker-content-digest') !== sha256(bytes)) throw new Error(`${name}:${tag} is damaged`)
      tags.set(tag, sha256(bytes))
    }
    all.set(repository, tags)
  }
  return all
}

export async function readRepositories(client: V2Client): Promise<string[]> {
  return (await readAll(client, '/v2/_catalog?n=500', 'repositories')).sort()
}

async function readAll(client: V2Client, first: string, key: 'tags' | 'repositories'): Promise<string[]> {
  const all: string[] = []
  for (let path: string | undefined = first; path !== undefined;) {
    const answer = await expectStatus(await client.request(path), 200)
    all.push(...(((await answer.json()) as Record<typeof key, string[] | null>)[key] ?? []))
    path = /<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1]
  }
  return all
}
