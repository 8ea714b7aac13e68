import { expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { HarborClient } from '@hapic/harbor'
import { runCommand } from '../harness/command.ts'
import { createUniqueImage } from '../harness/image.ts'
import { clientsFolder, skipLoudly } from '../harness/real-client.ts'
import { addProject, describeControlledScenario } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'

const python = join(clientsFolder, 'harborapi', 'bin', 'python')

describeControlledScenario('clients of Harbor’s API that we did not write', (registry) => {
  const projectWithImage = async () => {
    const project = await addProject(registry())
    await new V2Client(registry()).pushImage(`${project}/app`, await createUniqueImage(), 'v1')
    return project
  }

  test('@hapic/harbor makes projects and robots, reads and copies artifacts, and deletes them', async () => {
    const { url: host, username: user, password } = registry()
    const client = new HarborClient({ connectionOptions: { host: `${host}/api/v2.0`, user, password } })
    const source = await projectWithImage()
    const name = `hapic-${crypto.randomUUID().slice(0, 8)}`
    const { id } = await client.project.create({ project_name: name, public: true })
    expect(await client.project.getOne(name, true)).toMatchObject({ name, project_id: id })
    expect((await client.project.getAll({ query: { name } })).data).toHaveLength(1)
    await client.project.update(name, { project_name: name, public: false }, true)

    const repositories = await client.projectRepository.getMany({ projectName: source })
    expect(repositories.data[0]).toMatchObject({ artifact_count: 1 })
    const where = { projectName: source, repositoryName: 'app' }
    const [artifact] = await client.projectRepositoryArtifact.getMany({ ...where, query: { with_tag: true } })
    expect(artifact).toMatchObject({ type: 'IMAGE', tags: [{ name: 'v1' }] })
    const target = { projectName: name, repositoryName: 'copied' }
    await client.projectRepositoryArtifact.copy(target, { ...where, artifactTag: 'v1' })
    expect((await client.projectRepositoryArtifact.getMany(target))[0]?.digest).toBe(artifact!.digest)

    const robot = await client.robot.create({
      name: `${name}-robot`,
      level: 'system',
      duration: 1,
      disable: false,
      permissions: [{ kind: 'project', namespace: name, access: [{ resource: 'repository', action: 'pull' }] }],
    })
    expect(robot.secret).toBeString()
    expect((await client.robot.updateSecret(robot.id, 'Harbor12345')).secret).toBeDefined()
    await client.robot.delete(robot.id)
    await client.projectRepositoryArtifact.delete({ ...target, tagOrDigest: artifact!.digest })
    await client.projectRepository.delete(target)
    await client.project.delete(name, true)
  })

  if (!existsSync(python)) skipLoudly('harborapi', 'not on this machine: harborapi (Python)')
  else
    test('harborapi, with its strict models, reads every answer that it asks for', async () => {
      const { url, username, password } = registry()
      const script = join(import.meta.dir, 'harborapi_scenario.py')
      await runCommand([python, script, `${url}/api/v2.0`, username, password, await projectWithImage()])
    }, 60_000)
})
