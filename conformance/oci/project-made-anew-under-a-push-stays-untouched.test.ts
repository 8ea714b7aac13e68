import { expect, test } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import { createUniqueImage } from '../harness/image.ts'
import { addProject } from '../harness/scenario.ts'
import { errorCodesOf, V2Client } from '../harness/v2-client.ts'

describeOnEachDatabase('a push whose project is deleted while its manifest comes', (registry) => {
  /** Sends the manifest of an image whose blobs are there, and does `between` before its last byte. */
  async function pushAround(project: string, between: () => Promise<void>): Promise<Response> {
    const image = createUniqueImage()
    const client = new V2Client(registry())
    const manifest = image.content.get(image.descriptor.digest)!
    for (const [digest, bytes] of image.content)
      if (digest !== image.descriptor.digest) await client.pushBlob(`${project}/app`, bytes)
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(manifest.slice(0, 10))
        // The server has the first bytes when it answers somebody else.
        await new V2Client(registry()).request('/v2/')
        await between()
        controller.enqueue(manifest.slice(10))
        controller.close()
      },
    })
    return await fetch(`${registry().url}/v2/${project}/app/manifests/v1`, {
      method: 'PUT',
      headers: {
        'content-type': image.descriptor.mediaType,
        authorization: `Basic ${btoa(`${registry().username}:${registry().password}`)}`,
      },
      body,
    })
  }

  const remove = async (project: string) => {
    const params = { project_name_or_id: project }
    const { status } = await new ApiClient(registry()).call('DELETE /projects/{project_name_or_id}', { params })
    expect(status).toBe(200)
  }
  const create = async (project: string) => {
    const { status } = await new ApiClient(registry()).call('POST /projects', { body: { project_name: project } })
    expect(status).toBe(201)
  }

  test('is refused in the words of the protocol', async () => {
    const project = await addProject(registry())
    const answer = await pushAround(project, () => remove(project))
    expect([answer.status, await errorCodesOf(answer)]).toEqual([404, ['NAME_UNKNOWN']])
  })

  test('writes nothing into the project that was made anew under its name', async () => {
    const project = await addProject(registry())
    const theirs = createUniqueImage()
    const answer = await pushAround(project, async () => {
      await remove(project)
      await create(project)
      await new V2Client(registry()).pushImage(`${project}/app`, theirs, 'theirs')
    })
    expect([answer.status, await errorCodesOf(answer)]).toEqual([404, ['NAME_UNKNOWN']])
    const tags = await new V2Client(registry()).request(`/v2/${project}/app/tags/list`)
    expect(await tags.json()).toEqual({ name: `${project}/app`, tags: ['theirs'] })
  })
})
