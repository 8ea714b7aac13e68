import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Digest } from '#contract/digest.ts'
import { parseManifest } from '#contract/manifest.ts'
import { formatReference, parseTagName } from '#contract/reference.ts'
import { restOf } from '#contract/repository-name.ts'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, digestOf, imageOf } from '#server-test/registry-for-test.ts'
import type { RegistryClient } from '../clients/registry/registry-client.ts'
import {
  ScriptedRegistry,
  type ScriptedAnswer,
  type SeenRequest,
} from '../clients/registry/scripted-registry-for-test.ts'
import type { Config } from '../config/config.ts'
import { anonymous, type Actor } from '../domain/access/actor.ts'
import type { Admission } from '../domain/access/admission.ts'
import type { ManifestReader, ReferrerLister, TagLister } from '../domain/artifacts/roles.ts'
import type { BlobReader } from '../domain/content/roles.ts'
import { DomainError } from '../domain/errors.ts'
import type { OciServices } from '../http/oci/oci-request.ts'
import { composeOciRouter } from '../http/oci/oci-router.ts'
import { composeOciServices } from './content.ts'

/**
 * Readers that fetch from another registry stand in front of the registry's own, in every role that reads, and use none
 * of its classes. A person who may only pull gets content that is stored for them by `fill`.
 */

const encode = (text: string) => new TextEncoder().encode(text)
const config = encode('{"config":true}')
const layer = encode('0123456789'.repeat(1_000))
const image = imageOf('v1', [digestOf(config), digestOf(layer)], [config, layer])
const imageDigest = digestOf(image.bytes)
const manifestType = image.manifest.mediaType

let upstream: ScriptedRegistry
beforeAll(async () => {
  upstream = await ScriptedRegistry.start()
})
afterAll(() => upstream[Symbol.asyncDispose]())

function answerUpstream({ method, path, headers }: SeenRequest): ScriptedAnswer {
  const [, what = '', reference = ''] = /^\/v2\/app\/(\w+)\/([^?]+)/.exec(path) ?? []
  if (what === 'tags') return { status: 200, body: '{"tags":["v1","v2"]}' }
  if (what === 'referrers') {
    const manifests = [{ mediaType: manifestType, digest: digestOf(config), size: 1, artifactType: 'text/sbom' }]
    const type = 'application/vnd.oci.image.index.v1+json'
    return { status: 200, headers: { 'content-type': type }, body: JSON.stringify({ schemaVersion: 2, manifests }) }
  }
  const bytes = [image.bytes, config, layer].find(
    (one) => digestOf(one) === (reference === 'v1' ? imageDigest : reference),
  )
  if (bytes === undefined) return { status: 404 }
  const common = { 'docker-content-digest': digestOf(bytes), 'content-type': manifestType }
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')
  if (range === null) {
    const length = { 'content-length': String(bytes.byteLength) }
    return { status: 200, headers: { ...common, ...length }, ...(method === 'HEAD' ? {} : { body: bytes }) }
  }
  const [start, end] = [Number(range[1]), Number(range[2])]
  const part = { 'content-range': `bytes ${start}-${end}/${bytes.byteLength}` }
  return { status: 206, headers: { ...common, ...part }, body: bytes.subarray(start, end + 1) }
}

/** Asks here first, and there for content that is missing here. */
async function orElse<T>(here: () => Promise<T>, there: (missing: DomainError) => Promise<T>): Promise<T> {
  try {
    return await here()
  } catch (error) {
    const isMissing = error instanceof DomainError && /^(MANIFEST|BLOB|REPOSITORY)_UNKNOWN$/.test(error.code)
    if (!isMissing) throw error
    return await there(error)
  }
}

const nameThere = ({ repositoryName }: Admission) => restOf(repositoryName)

function manifestsInFront(inner: ManifestReader, own: OciServices, client: RegistryClient): ManifestReader {
  return {
    statManifest: (admission, reference) =>
      orElse(
        () => inner.statManifest(admission, reference),
        async (missing) => {
          const found = await client.manifests.stat(nameThere(admission), formatReference(reference))
          if (found === undefined) throw missing
          return { digest: found.digest, mediaType: found.mediaType ?? manifestType, sizeBytes: found.sizeBytes ?? 0 }
        },
      ),
    getManifest: (admission, reference) =>
      orElse(
        () => inner.getManifest(admission, reference),
        async (missing) => {
          const found = await client.manifests.find(nameThere(admission), formatReference(reference))
          if (found === undefined) throw missing
          const manifest = parseManifest(found.bytes, found.mediaType)
          const fill = () => own.admit(admission.actor, 'fill', admission.repositoryName)
          for (const { digest } of [manifest.config!, ...manifest.layers]) {
            const blob = await client.blobs.open(nameThere(admission), digest)
            await own.blobTaker.uploadAtOnce(await fill(), digest, blob!.bytes)
          }
          await own.manifestWriter.pushManifest(await fill(), { reference, tags: [], manifest, bytes: found.bytes })
          const pull = await own.admit(admission.actor, 'pull', admission.repositoryName)
          return await inner.getManifest(pull, reference)
        },
      ),
  }
}

function blobsInFront(inner: BlobReader, client: RegistryClient): BlobReader {
  return {
    getBlob: (admission, digest) =>
      orElse(
        () => inner.getBlob(admission, digest),
        async (missing) => {
          const sizeBytes = await client.blobs.stat(nameThere(admission), digest)
          if (sizeBytes === undefined) throw missing
          return {
            digest,
            sizeBytes,
            needsLease: () => false,
            redirect: async () => undefined,
            open: async (range) => (await client.blobs.open(nameThere(admission), digest, { range, sizeBytes }))!.bytes,
          }
        },
      ),
  }
}

function listsInFront(client: RegistryClient): { tags: TagLister; referrers: ReferrerLister } {
  return {
    tags: {
      listTags: async (admission) => {
        const tags = await Array.fromAsync(client.lists.walkTags(nameThere(admission)))
        return { tags: tags.map(parseTagName), next: undefined }
      },
    },
    referrers: {
      listReferrers: async (admission, subject) => ({
        descriptors: await Array.fromAsync(client.lists.walkReferrers(nameThere(admission), subject)),
        next: undefined,
      }),
    },
  }
}

describeEachDatabase('readers in front of the registry’s own', (open) => {
  const setUp = async () => {
    upstream.answers(answerUpstream)
    const database = await open()
    const registry = await composeRegistryForTest(database)
    await createProject(database, 'cache', registry.clock)
    const settings = { limits: { manifestBytes: 4_000_000 }, defaultProject: undefined } as unknown as Config
    const content = registry
    const pulled: Digest[] = []
    const own: OciServices = {
      ...composeOciServices(settings, content, {} as Parameters<typeof composeOciServices>[2]),
      pulls: { onPull: (_admission, _reference, { digest }) => void pulled.push(digest) },
    }
    const client = upstream.client()
    const services: OciServices = {
      ...own,
      manifests: manifestsInFront(own.manifests, own, client),
      blobs: blobsInFront(own.blobs, client),
      ...listsInFront(client),
    }
    const router = composeOciRouter({
      services,
      tokenService: 'test',
      originOf: () => 'http://here',
      onError: (error) => {
        throw error
      },
    })
    const ask = async (method: string, path: string, headers: Record<string, string> = {}, actor: Actor = anonymous) =>
      await router({
        request: new Request(`http://here/v2${path}`, { method, headers }),
        path,
        search: '',
        authentication: { actor, authorizationSent: true, failedLogin: false },
        body: () => undefined,
      })
    return { ask, pulled, admit: registry.admit }
  }

  test('a manifest by tag and by digest comes from there, is stored by fill, and then is here', async () => {
    const { ask, pulled } = await setUp()
    const first = await ask('GET', '/cache/app/manifests/v1')
    expect(first.status).toBe(200)
    expect(new Uint8Array(await first.arrayBuffer())).toEqual(new Uint8Array(image.bytes))
    expect(first.headers.get('docker-content-digest')).toBe(imageDigest)
    const asked = upstream.seen.length
    for (const reference of ['v1', imageDigest]) {
      const again = await ask('GET', `/cache/app/manifests/${reference}`)
      expect(new Uint8Array(await again.arrayBuffer())).toEqual(new Uint8Array(image.bytes))
    }
    const blob = await ask('GET', `/cache/app/blobs/${digestOf(layer)}`)
    expect(new Uint8Array(await blob.arrayBuffer())).toEqual(new Uint8Array(layer))
    expect(upstream.seen.length).toBe(asked)
    expect(pulled).toEqual([imageDigest, imageDigest, imageDigest])
  })

  test('HEAD asks there by HEAD, brings nothing in, and counts no pull', async () => {
    const { ask, pulled } = await setUp()
    for (const reference of ['v1', imageDigest]) {
      const head = await ask('HEAD', `/cache/app/manifests/${reference}`)
      expect([head.status, head.headers.get('docker-content-digest')]).toEqual([200, imageDigest])
      expect(head.headers.get('content-length')).toBe(String(image.bytes.byteLength))
    }
    const head = await ask('HEAD', `/cache/app/blobs/${digestOf(layer)}`)
    expect(head.headers.get('content-length')).toBe(String(layer.byteLength))
    expect(new Set(upstream.seen.map(({ method }) => method))).toEqual(new Set(['HEAD']))
    expect(pulled).toEqual([])
  })

  test('a range of a blob that is not here is asked for as a range', async () => {
    const { ask } = await setUp()
    const part = await ask('GET', `/cache/app/blobs/${digestOf(layer)}`, { range: 'bytes=10-14' })
    expect([part.status, await part.text()]).toEqual([206, '01234'])
    expect(part.headers.get('content-range')).toBe(`bytes 10-14/${layer.byteLength}`)
    expect(upstream.seen.at(-1)!.headers.range).toBe('bytes=10-14')
  })

  test('tags and referrers are those from there', async () => {
    const { ask } = await setUp()
    expect(await (await ask('GET', '/cache/app/tags/list')).json()).toEqual({ name: 'cache/app', tags: ['v1', 'v2'] })
    const referrers = (await (await ask('GET', `/cache/app/referrers/${imageDigest}`)).json()) as {
      manifests: unknown[]
    }
    expect(referrers.manifests).toMatchObject([{ artifactType: 'text/sbom' }])
  })

  test('what is there neither is unknown, and who may not pull fills nothing', async () => {
    const { ask, admit } = await setUp()
    expect((await ask('GET', '/cache/app/manifests/v9')).status).toBe(404)
    const nobody: Actor = { kind: 'anonymous', access: [] }
    expect((await ask('GET', '/cache/app/manifests/v1', {}, nobody)).status).toBe(401)
    const name = 'cache/app' as Parameters<typeof admit>[2]
    expect(await admit(nobody, 'fill', name).catch((error: DomainError) => error.code)).toBe('UNAUTHENTICATED')
    expect(upstream.lines).toEqual(['GET /v2/app/manifests/v9'])
  })
})
