// Fills a registry with something to look at: projects, images of several platforms, people, robots.
//   bun conformance/console/seed.ts http://127.0.0.1:8080     the administrator's password: BERTH_PASSWORD or the default
import type { RegistryUnderTest } from '../harness/registry.ts'
import { createImage, createIndex, type Image } from '../harness/image.ts'
import { describeRepository, seedChart, seedModel, seedSignedImage } from './seed-artifacts.ts'
import { V2Client } from '../harness/v2-client.ts'

export interface SeedOptions {
  /** How many projects besides those with content; 100,000 is a long list. */
  readonly emptyProjects?: number
}

interface Target {
  readonly url: string
  readonly username: string
  readonly password: string
}

export const people = {
  ada: { username: 'ada', password: 'Analytical1', email: 'ada@example.com', realname: 'Ada Lovelace' },
  wei: { username: 'wei', password: 'Hangzhou2026', email: 'wei@example.com', realname: '王伟' },
  grace: { username: 'grace', password: 'Compiler1952', email: 'grace@example.com', realname: 'Grace Hopper' },
} as const

const content: Readonly<Record<string, readonly string[]>> = {
  library: ['nginx', 'redis', 'postgres'],
  platform: ['gateway', 'identity/server', 'identity/console', 'billing/worker', 'billing/api', 'search'],
  research: ['notebooks/base', 'notebooks/cuda', 'models/embedder'],
}

/** @throws Error when the registry refuses something */
export async function seedRegistry(target: Target, { emptyProjects = 0 }: SeedOptions = {}): Promise<void> {
  const api = composeApi(target)
  for (const person of Object.values(people)) await api('POST', '/users', { ...person, comment: '' })
  for (const project of Object.keys(content)) {
    if (project !== 'library') await api('POST', '/projects', { project_name: project, public: project === 'research' })
    await api('POST', `/projects/${project}/members`, { role_id: 1, member_user: { username: 'ada' } })
    await api('POST', `/projects/${project}/members`, { role_id: 2, member_user: { username: 'wei' } })
    await api('POST', `/projects/${project}/members`, { role_id: 3, member_user: { username: 'grace' } })
  }
  await api('POST', '/projects', { project_name: 'sandbox', public: false, storage_limit: 2 * 1024 * 1024 })
  for (let index = 0; index < emptyProjects; index += 1)
    await api('POST', '/projects', { project_name: `team-${String(index).padStart(6, '0')}`, public: index % 3 === 0 })
  await seedRobots(api)
  await seedImages(target)
  const client = new V2Client({ ...target, authorityFile: undefined } as RegistryUnderTest)
  // A tag each: what a retention rule removes elsewhere stays as it was.
  await seedSignedImage(client, 'platform/checkout', '2.4.1')
  await describeRepository(client, 'platform', 'gateway')
  await seedChart(client, 'platform/charts/gateway', '3.1.0')
  await seedModel(client, 'research/models/reranker', '0.3')
}

type Api = (method: string, path: string, body?: object) => Promise<void>

function composeApi({ url, username, password }: Target): Api {
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/v2.0${path}`, {
      method,
      headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    // What is there from the last time may stay.
    if (!response.ok && response.status !== 409)
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
  }
}

async function seedRobots(api: Api): Promise<void> {
  const access = [
    { resource: 'repository', action: 'push' },
    { resource: 'repository', action: 'pull' },
  ]
  await api('POST', '/robots', {
    name: 'ci',
    description: 'builds',
    duration: 30,
    level: 'project',
    permissions: [{ kind: 'project', namespace: 'platform', access }],
  })
  await api('POST', '/robots', {
    name: 'cluster',
    description: 'pulls everywhere',
    duration: -1,
    level: 'system',
    permissions: [{ kind: 'project', namespace: '*', access: access.slice(1) }],
  })
}

async function seedImages(target: Target): Promise<void> {
  const client = new V2Client({ ...target, authorityFile: undefined } as RegistryUnderTest)
  let seed = 1
  for (const [project, repositories] of Object.entries(content)) {
    for (const repository of repositories) {
      const name = `${project}/${repository}`
      for (const version of ['1.0.0', '1.1.0', '1.1.1', 'latest'])
        await client.pushImage(name, imageOfSeveralPlatforms((seed += 1)), version)
      await client.pushImage(name, plainImage((seed += 1), 'amd64'), 'debug')
    }
  }
}

function imageOfSeveralPlatforms(seed: number): Image {
  return createIndex(['amd64', 'arm64', 'riscv64'].map((architecture) => plainImage(seed, architecture)))
}

/** Layers whose sizes differ as those of real images do. */
function plainImage(seed: number, architecture: string): Image {
  const noise = (bytes: number) =>
    Array.from({ length: Math.ceil(bytes / 16) }, (_, index) =>
      Bun.hash(`${seed} ${architecture} ${index}`).toString(36).padEnd(16, '·'),
    ).join('')
  return createImage({
    architecture,
    layers: [
      [{ path: 'base', content: noise(60_000 + (seed % 5) * 20_000) }],
      [{ path: 'app/server', content: noise(18_000 + (seed % 7) * 4_000), mode: 0o755 }],
      [{ path: 'etc/app.conf', content: `seed = ${seed}\n` }],
    ],
  })
}

if (import.meta.main) {
  const [url = 'http://127.0.0.1:8080', count = '0'] = process.argv.slice(2)
  const password = process.env['BERTH_PASSWORD'] ?? 'Harbor12345'
  await seedRegistry({ url: url.replace(/\/+$/, ''), username: 'admin', password }, { emptyProjects: Number(count) })
  console.log(`${url} has people (${Object.keys(people).join(', ')}), projects, images and robots`)
}
