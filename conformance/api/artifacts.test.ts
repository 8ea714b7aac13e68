import { expect, test } from 'bun:test'
import { createIndex, createUniqueImage, sha256, type Image } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { seedChart, seedModel, seedSignedImage } from '../console/seed-artifacts.ts'
import { V2Client } from '../harness/v2-client.ts'
import { ApiClient } from './contract-client.ts'

const repositories = '/projects/{project_name}/repositories'
const repository = `${repositories}/{repository_name}`
const artifacts = `${repository}/artifacts`
const artifact = `${artifacts}/{reference}`

interface Tag {
  readonly id: number
  readonly name: string
}
interface Artifact {
  readonly id: number
  readonly digest: string
  readonly type: string
  readonly size: number
  readonly tags: readonly Tag[]
  readonly references: readonly { child_digest: string; platform: { architecture: string } }[]
  readonly accessories: readonly { type: string; digest: string; subject_artifact_digest: string }[]
}

describeControlledScenario('repositories, artifacts and tags of the API', (registry) => {
  const admin = () => new ApiClient(registry())
  const newRepository = async () => {
    const project = await addProject(registry())
    return { project_name: project, repository_name: 'team/app', full: `${project}/team/app` }
  }
  const push = (full: string, image: Image, tag: string) => new V2Client(registry()).pushImage(full, image, tag)
  const codes = (body: unknown) => (body as { errors: { code: string }[] }).errors.map(({ code }) => code)

  test('a repository is listed once something was pushed, can be described, and goes with everything in it', async () => {
    const { full, ...params } = await newRepository()
    const before = await admin().call(`GET ${repositories}`, { params })
    expect([before.status, before.body]).toEqual([200, []])
    await push(full, createUniqueImage(), 'v1')
    await push(full, createUniqueImage(), 'v2')

    await admin().call(`PUT ${repository}`, { params, body: { description: 'what it is for' } })
    const listed = await admin().call<{ name: string; artifact_count: number; description: string }[]>(
      `GET ${repositories}`,
      { params },
    )
    expect(listed.headers.get('x-total-count')).toBe('1')
    expect(listed.body).toMatchObject([{ name: full, artifact_count: 2, description: 'what it is for' }])
    const all = await admin().call<{ name: string }[]>('GET /repositories', { query: `q=name=${full}` })
    expect(all.body.map(({ name }) => name)).toEqual([full])

    expect((await admin().call(`DELETE ${repository}`, { params })).status).toBe(200)
    const gone = await admin().call(`GET ${repository}`, { params })
    expect([gone.status, codes(gone.body)]).toEqual([404, ['NOT_FOUND']])
    expect((await new V2Client(registry()).request(`/v2/${full}/manifests/v1`)).status).toBe(404)
    expect(
      (
        await admin().call('DELETE /projects/{project_name_or_id}', {
          params: { project_name_or_id: params.project_name },
        })
      ).status,
    ).toBe(200)
  })

  test('artifacts come in pages, the newest first, with their tags; by tag, by digest, tagged or not', async () => {
    const { full, ...params } = await newRepository()
    const images = [createUniqueImage(), createUniqueImage(), createUniqueImage()]
    for (const [index, image] of images.entries()) await push(full, image, `v${index}`)
    await push(full, images[2]!, 'latest')
    await new V2Client(registry()).request(`/v2/${full}/manifests/v0`, { method: 'DELETE' })

    const list = async (query: string) => await admin().call<Artifact[]>(`GET ${artifacts}`, { params, query })
    const newest = await list('page_size=2')
    expect(newest.body.map(({ digest }) => digest)).toEqual(
      [images[2], images[1]].map((image) => image!.descriptor.digest),
    )
    expect(newest.body[0]!.tags.map(({ name }) => name).sort()).toEqual(['latest', 'v2'])
    expect(newest.body[0]).toMatchObject({ type: 'IMAGE' })
    expect(newest.headers.get('x-total-count')).toBe('3')
    expect(newest.headers.get('link')).toContain('rel="next"')
    const digestsOf = async (query: string) => (await list(query)).body.map(({ digest }) => digest)
    expect(await digestsOf('q=tags=v1')).toEqual([images[1]!.descriptor.digest])
    expect(await digestsOf('q=tags%3D~LATE')).toEqual([images[2]!.descriptor.digest])
    expect(await digestsOf('q=tags=nil')).toEqual([images[0]!.descriptor.digest])
    expect((await digestsOf('q=tags=*')).length).toBe(2)

    for (const reference of ['latest', images[2]!.descriptor.digest]) {
      const one = await admin().call<Artifact>(`GET ${artifact}`, { params: { ...params, reference } })
      expect(one.body.digest).toBe(images[2]!.descriptor.digest)
    }
    const unknown = await admin().call(`GET ${artifact}`, { params: { ...params, reference: 'v0' } })
    expect([unknown.status, codes(unknown.body)]).toEqual([404, ['NOT_FOUND']])
  })

  test('an image tells what its config says, and how it was built', async () => {
    const { full, ...params } = await newRepository()
    const image = createUniqueImage()
    await push(full, image, 'v1')
    const of = { ...params, reference: 'v1' }
    const one = await admin().call<
      Artifact & { extra_attrs: object; addition_links: Record<string, { href: string }> }
    >(`GET ${artifact}`, { params: of })
    expect(one.body.extra_attrs).toMatchObject({ os: 'linux', architecture: 'amd64', config: { Cmd: ['/hello'] } })
    const { href } = one.body.addition_links['build_history']!
    const authorization = `Basic ${btoa(`admin:${registry().password}`)}`
    const history = await fetch(`${registry().url}${href}`, { headers: { authorization } })
    expect(history.status).toBe(200)
    expect(await history.json()).toContainEqual({ created: '2024-01-01T00:00:00Z', created_by: 'conformance' })
    const unknown = await admin().call(`GET ${artifact}/additions/{addition}`, {
      params: { ...of, addition: 'values.yaml' },
    })
    expect([unknown.status, codes(unknown.body)]).toEqual([400, ['BAD_REQUEST']])
  })

  test('an image tells its layers with the step that made each, and its manifest as it was pushed', async () => {
    const { full, ...params } = await newRepository()
    const image = createUniqueImage()
    await push(full, image, 'v1')
    const of = { ...params, reference: 'v1' }
    const layers = await admin().call<{ digest: string; size: number }[]>(`GET ${artifact}/layers`, { params: of })
    expect(layers.body.length).toBeGreaterThan(0)
    for (const layer of layers.body)
      expect(layer).toMatchObject({ created_by: 'conformance', size: expect.any(Number) })
    const authorization = `Basic ${btoa(`admin:${registry().password}`)}`
    const encoded = encodeURIComponent(encodeURIComponent(params.repository_name))
    const path = `/api/v2.0/projects/${params.project_name}/repositories/${encoded}/artifacts/v1/manifest`
    const manifest = await fetch(`${registry().url}${path}`, { headers: { authorization } })
    expect(manifest.headers.get('content-type')).toStartWith('text/plain')
    expect(sha256(new Uint8Array(await manifest.arrayBuffer()))).toBe(image.descriptor.digest)
  })

  test('the graph of an artifact has its index, the other children and what belongs to each, from wherever one looks', async () => {
    const { full, ...params } = await newRepository()
    const images = [createUniqueImage(), createUniqueImage()]
    const index = createIndex(images)
    await push(full, index, 'multi')
    const signature = createUniqueImage()
    await push(full, signature, `sha256-${images[0]!.descriptor.digest.slice(7)}.sig`)
    const digests = [index, ...images, signature].map(({ descriptor }) => descriptor.digest)
    for (const reference of digests) {
      const { body } = await admin().call<{
        nodes: { digest: string }[]
        edges: { from: string; to: string; relation: string }[]
        truncated: boolean
      }>(`GET ${artifact}/graph`, { params: { ...params, reference } })
      expect(body.nodes[0]!.digest).toBe(reference)
      expect(body.nodes.map(({ digest }) => digest).sort()).toEqual(digests.toSorted())
      expect(body.edges).toContainEqual({ from: digests[0]!, to: digests[1]!, relation: 'child' })
      expect(body.edges).toContainEqual({ from: digests[3]!, to: digests[1]!, relation: 'referrer' })
      expect(body.edges.length).toBe(3)
      expect(body.truncated).toBe(false)
    }
  })

  test('an index shows its children, which are not listed beside it, cannot be deleted under it, and go with it', async () => {
    const { full, ...params } = await newRepository()
    const index = createIndex([createUniqueImage(), createUniqueImage()])
    await push(full, index, 'multi')
    const { body } = await admin().call<Artifact[]>(`GET ${artifacts}`, { params })
    expect(body.map(({ digest }) => digest)).toEqual([index.descriptor.digest])
    const children = body[0]!.references
    expect(children.length).toBe(2)
    expect(children[0]!.platform.architecture).toBeString()
    expect((await admin().call<Artifact[]>(`GET ${artifacts}`, { params, query: 'q=base=*' })).body.length).toBe(3)

    const reference = children[0]!.child_digest
    const refused = await admin().call(`DELETE ${artifact}`, { params: { ...params, reference } })
    expect([refused.status, codes(refused.body)]).toEqual([412, ['VIOLATE_FOREIGN_KEY_CONSTRAINT']])
    expect((await admin().call(`DELETE ${artifact}`, { params: { ...params, reference: 'multi' } })).status).toBe(200)
    const gone = await admin().call(`GET ${artifact}`, { params: { ...params, reference } })
    expect([gone.status, codes(gone.body)]).toEqual([404, ['NOT_FOUND']])
  })

  test('what belongs to an artifact, by subject or by the tag cosign gives it, is listed with it and not beside it', async () => {
    const { full, ...params } = await newRepository()
    const image = createUniqueImage()
    await push(full, image, 'v1')
    const client = new V2Client(registry())
    const config = await client.pushBlob(full, new TextEncoder().encode('{}'))
    const manifest = (artifactType: string, more: object) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        artifactType,
        config: { ...config, mediaType: 'application/vnd.oci.empty.v1+json' },
        layers: [],
        ...more,
      })
    const mediaType = 'application/vnd.oci.image.manifest.v1+json'
    const bySubject = manifest('application/vnd.cncf.notary.signature', { subject: image.descriptor })
    const signed = await client.pushManifest(full, sha256(bySubject), mediaType, bySubject)
    expect(signed.status).toBe(201)
    const byTag = manifest('application/x-anything', {})
    const tag = `${image.descriptor.digest.replace(':', '-')}.sig`
    expect((await client.pushManifest(full, tag, mediaType, byTag)).status).toBe(201)

    const { body } = await admin().call<Artifact[]>(`GET ${artifacts}`, { params, query: 'with_accessory=true' })
    expect(body.length).toBe(1)
    expect(body[0]!.accessories.map(({ type, digest }) => [type, digest])).toEqual([
      ['signature.notation', sha256(bySubject)],
      ['signature.cosign', sha256(byTag)],
    ])
    const own = await admin().call<unknown[]>(`GET ${artifact}/accessories`, { params: { ...params, reference: 'v1' } })
    expect([own.body.length, own.headers.get('x-total-count')]).toEqual([2, '2'])
  })

  test('accessories have their type and their name, and a graph says the platform of each child', async () => {
    const { full, ...params } = await newRepository()
    const client = new V2Client(registry())
    const signed = await seedSignedImage(client, full, 'v1')
    const own = await admin().call<{ artifact_type: string; title?: string }[]>(`GET ${artifact}/accessories`, {
      params: { ...params, reference: 'v1' },
    })
    expect(own.body.map(({ artifact_type: type, title }) => [type, title])).toEqual([
      ['application/spdx+json', 'gateway.spdx.json'],
      ['application/vnd.cyclonedx+json', 'gateway.cdx.json'],
      ['application/vnd.cncf.notary.signature', undefined],
      // By cosign's tag; its config is that of an image.
      ['application/vnd.dev.cosign.simplesigning.v1+json', undefined],
    ])
    const graph = await admin().call<{
      nodes: { digest: string; artifact_type: string; platform?: string; predicate_types: string[] }[]
      edges: { from: string; to: string; relation: string }[]
    }>(`GET ${artifact}/graph`, { params: { ...params, reference: signed.amd64 } })
    const nodeOf = (digest: string) => graph.body.nodes.find((node) => node.digest === digest)
    expect(nodeOf(signed.amd64)?.platform).toBe('linux/amd64')
    expect(nodeOf(signed.attestation)).toMatchObject({
      artifact_type: 'application/vnd.in-toto+json',
      predicate_types: ['https://slsa.dev/provenance/v1'],
    })
    expect(graph.body.edges).toContainEqual({ from: signed.attestation, to: signed.amd64, relation: 'referrer' })
    const described = await admin().call<unknown[]>(`GET ${artifact}/layers`, {
      params: { ...params, reference: signed.attestation },
    })
    expect(described.status).toBe(200)
  })

  test('a chart says what it is, as helm wrote it, and a file of a model has its name', async () => {
    const { full, ...params } = await newRepository()
    const client = new V2Client(registry())
    await seedChart(client, full, '3.1.0')
    const chart = await admin().call<{ type: string; extra_attrs: object }>(`GET ${artifact}`, {
      params: { ...params, reference: '3.1.0' },
    })
    expect(chart.body.type).toBe('CHART')
    expect(chart.body.extra_attrs).toMatchObject({ name: 'gateway', version: '3.1.0', appVersion: '2.4.1' })
    await seedModel(client, full, '0.3')
    const layers = await admin().call<{ title?: string }[]>(`GET ${artifact}/layers`, {
      params: { ...params, reference: '0.3' },
    })
    expect(layers.body.map(({ title }) => title)).toEqual(['model.safetensors', 'tokenizer.json', 'README.md'])
  })

  test('a copy has everything that belongs to the artifact, needs the right to read and to write, and moves no bytes', async () => {
    const { full, ...params } = await newRepository()
    const index = createIndex([createUniqueImage(), createUniqueImage()])
    await push(full, index, 'v1')
    const client = new V2Client(registry())
    const config = await client.pushBlob(full, new TextEncoder().encode('{}'))
    const signature = JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      artifactType: 'application/vnd.cncf.notary.signature',
      config: { ...config, mediaType: 'application/vnd.oci.empty.v1+json' },
      layers: [],
      subject: index.descriptor,
    })
    await client.pushManifest(full, sha256(signature), 'application/vnd.oci.image.manifest.v1+json', signature)

    const there = { project_name: await addProject(registry()), repository_name: 'promoted' }
    const copy = (as: ApiClient, from: string, to = there) =>
      as.call(`POST ${artifacts}`, { params: to, query: `from=${encodeURIComponent(from)}` })
    const copied = await copy(admin(), `${full}:v1`)
    expect(copied.status).toBe(201)
    expect(copied.headers.get('location')).toEndWith('/artifacts/v1')
    const target = `${there.project_name}/promoted`
    for (const digest of [...index.content.keys(), sha256(signature)]) {
      const manifest = await client.request(`/v2/${target}/manifests/${digest}`, { headers: { accept: '*/*' } })
      const blob = await client.request(`/v2/${target}/blobs/${digest}`)
      expect([digest, [manifest.status, blob.status].includes(200)]).toEqual([digest, true])
    }
    const listed = await admin().call<Artifact[]>(`GET ${artifacts}`, { params: there, query: 'with_accessory=true' })
    expect(listed.body.map(({ tags, accessories }) => [tags.map(({ name }) => name), accessories.length])).toEqual([
      [['v1'], 1],
    ])
    expect((await copy(admin(), `${full}@${index.descriptor.digest}`)).status).toBe(201)

    for (const wrong of [`${full}:unknown`, 'not-there/app:v1']) expect((await copy(admin(), wrong)).status).toBe(404)
    expect((await copy(admin(), 'no reference')).status).toBe(400)
    const account = await addAccount(registry())
    const member = new ApiClient(registry(), account)
    await registry().control.berth(['project', 'member', 'add', there.project_name, account.username, 'developer'])
    expect((await copy(member, `${full}:v1`)).status).toBe(403)
    await registry().control.berth(['project', 'member', 'add', params.project_name, account.username, 'guest'])
    expect((await copy(member, `${full}:v1`)).status).toBe(201)
    expect((await copy(member, `${there.project_name}/promoted:v1`, params)).status).toBe(403)
  })

  test('tags are given, listed and taken away; a name that is taken is a conflict', async () => {
    const { full, ...params } = await newRepository()
    await push(full, createUniqueImage(), 'v1')
    await push(full, createUniqueImage(), 'v2')
    const of = { ...params, reference: 'v1' }
    const created = await admin().call(`POST ${artifact}/tags`, { params: of, body: { name: 'stable' } })
    expect(created.status).toBe(201)
    expect(created.headers.get('location')).toEndWith('/artifacts/v1/tags/stable')
    for (const name of ['stable', 'v2']) {
      const again = await admin().call(`POST ${artifact}/tags`, { params: of, body: { name } })
      expect([again.status, codes(again.body)]).toEqual([409, ['CONFLICT']])
    }
    const wrong = await admin().call(`POST ${artifact}/tags`, { params: of, body: { name: 'no/tag' } })
    expect([wrong.status, codes(wrong.body)]).toEqual([400, ['BAD_REQUEST']])
    const listed = await admin().call<Tag[]>(`GET ${artifact}/tags`, { params: of })
    expect(listed.body.map(({ name }) => name).sort()).toEqual(['stable', 'v1'])
    const remove = (tag_name: string) =>
      admin().call(`DELETE ${artifact}/tags/{tag_name}`, { params: { ...of, tag_name } })
    expect((await remove('v2')).status).toBe(404)
    expect((await remove('stable')).status).toBe(200)
    expect((await admin().call<Tag[]>(`GET ${artifact}/tags`, { params: of })).body.map(({ name }) => name)).toEqual([
      'v1',
    ])
  })

  test('each role does what the matrix says, and strangers learn nothing', async () => {
    const { full, ...params } = await newRepository()
    await push(full, createUniqueImage(), 'v1')
    const of = { ...params, reference: 'v1' }
    const roles = ['limited-guest', 'guest', 'developer', 'maintainer', 'project-admin'] as const
    for (const role of roles) {
      const account = await addAccount(registry())
      await registry().control.berth(['project', 'member', 'add', params.project_name, account.username, role])
      const member = new ApiClient(registry(), account)
      expect((await member.call(`GET ${artifacts}`, { params })).status).toBe(200)
      const tagged = await member.call(`POST ${artifact}/tags`, { params: of, body: { name: role } })
      expect([role, tagged.status]).toEqual([role, role.endsWith('guest') ? 403 : 201])
      const described = await member.call(`PUT ${repository}`, { params, body: { description: role } })
      expect([role, described.status]).toEqual([role, role.endsWith('guest') ? 403 : 200])
      const mayDelete = role === 'maintainer' || role === 'project-admin'
      const removed = await member.call(`DELETE ${artifact}`, { params: { ...params, reference: sha256(role) } })
      expect([role, removed.status]).toEqual([role, mayDelete ? 404 : 403])
    }
    const stranger = new ApiClient(registry(), await addAccount(registry()))
    for (const operation of [`GET ${repositories}`, `GET ${artifacts}`, `DELETE ${repository}`]) {
      const unknown = { ...params, project_name: 'not-there' }
      expect((await stranger.call(operation, { params })).status).toBe(403)
      expect((await stranger.call(operation, { params: unknown })).status).toBe(403)
      expect((await new ApiClient(registry(), 'anonymous').call(operation, { params })).status).toBe(401)
    }
    const seen = await stranger.call<{ name: string }[]>('GET /repositories', { query: 'page_size=100' })
    expect(seen.body.map(({ name }) => name)).not.toContain(full)
  })

  test('artifacts of a whole project are listed, or of each repository the last one', async () => {
    const project = await addProject(registry())
    const images = await Promise.all(Array.from({ length: 4 }, () => createUniqueImage()))
    await push(`${project}/a`, images[0]!, 'v1')
    await push(`${project}/a`, images[1]!, 'v2')
    await push(`${project}/b`, images[2]!, 'v1')
    const list = async (query: string) =>
      (
        await admin().call<(Artifact & { repository_name: string })[]>('GET /projects/{project_name_or_id}/artifacts', {
          params: { project_name_or_id: project },
          query,
        })
      ).body.map((each) => `${each.repository_name} ${each.digest}`)
    const named = (name: string, image: Image) => `${project}/${name} ${image.descriptor.digest}`
    expect((await list('with_accessory=true')).toSorted()).toEqual(
      [named('a', images[0]!), named('a', images[1]!), named('b', images[2]!)].toSorted(),
    )
    const latest = await list('latest_in_repository=true&with_immutable_status=true')
    expect(latest.toSorted()).toEqual([named('a', images[1]!), named('b', images[2]!)].toSorted())
    const icon = await admin().call('GET /icons/{digest}', { params: { digest: images[3]!.descriptor.digest } })
    expect(icon.status).toBe(404)
  })
})
