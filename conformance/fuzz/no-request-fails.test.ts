import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { createUniqueImage } from '../harness/image.ts'
import { describeOnEachDatabase } from '../harness/each-database.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { addAccount, addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { apiRequest, operationsOf, otherRequest, type FuzzRequest, type Known } from './api-requests.ts'
import { Choices, oddTexts } from './odd-values.ts'

const isLong = process.env['BERTH_TEST_LONG'] === '1'
/** For each database; BERTH_FUZZ_MINUTES says another. */
const durationMs = Number(process.env['BERTH_FUZZ_MINUTES'] ?? (isLong ? 15 : 1 / 3)) * 60_000
/** Printed, so that a run can be had again: BERTH_FUZZ_SEED. */
const seed = Number(process.env['BERTH_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const maxAnswerMs = 1_000
const maxGrowthMib = 150

interface Outcome {
  readonly status: number
  readonly ms: number
}

/** Libraries tidy up what they send: these requests are written by hand. A stream is let go of at its first byte. */
async function send(registry: RegistryUnderTest, request: FuzzRequest, authorization: string): Promise<Outcome> {
  const { hostname, port } = new URL(registry.url)
  const body = Buffer.from(request.body ?? '')
  const lines = Object.entries(request.headers).filter(([, value]) => value !== '')
  const head = [
    `${request.method} ${request.target} HTTP/1.1`,
    `host: ${registry.host}`,
    ...(authorization === '' ? [] : [`authorization: ${authorization}`]),
    ...lines.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${body.length}`,
    'connection: close',
  ]
  const began = performance.now()
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])),
    )
    let received = ''
    socket.setTimeout(30_000, () => socket.destroy(new Error('no answer in 30 seconds')))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // A refusal may come, and the connection go, before a large body was sent whole.
      if (received === '' || (error.code !== 'EPIPE' && error.code !== 'ECONNRESET')) reject(error)
    })
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1]
      if (status === undefined) return
      resolve({ status: Number(status), ms: performance.now() - began })
      socket.destroy()
    })
    socket.on('close', () => reject(new Error('closed without an answer')))
  })
}

async function residentMib({ control }: ControlledRegistry): Promise<number> {
  const status = await readFile(`/proc/${control.pid()}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1_024
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

/** Gives the digests. */
async function pushContent(registry: RegistryUnderTest, projects: readonly string[]): Promise<readonly string[]> {
  const digests: string[] = []
  for (const project of projects) {
    const image = createUniqueImage()
    await new V2Client(registry).pushImage(`${project}/app`, image, 'v1')
    digests.push(...image.content.keys())
  }
  return digests
}

async function furnish(registry: ControlledRegistry): Promise<{ known: Known; authorizations: readonly string[] }> {
  const { username, password } = await addAccount(registry)
  const projects = [
    await addProject(registry, [{ username, role: 'project-admin' }], 'public'),
    await addProject(registry, [{ username, role: 'developer' }]),
  ]
  const references = ['v1', 'latest', ...(await pushContent(registry, projects))]
  const known = {
    projects,
    repositories: ['app', 'none', 'a%2Fb'],
    references,
    words: ['build_history', 'public', username],
  }
  return { known, authorizations: ['', basic(registry.username, registry.password), basic(username, password)] }
}

/** What the registry itself says of its errors. */
async function errorsIn({ control }: ControlledRegistry): Promise<string> {
  const lines = (await control.said())
    .split('\n')
    .filter((line) => line.includes('"level":"error"') && !line.includes('"status":501'))
  return lines.slice(-20).join('\n')
}

/** Requests that somebody else's answer is waited for in, or that would end the account that asks. */
const isLeftOut = ({ method, path }: { method: string; path: string }): boolean =>
  /ping|\/ldap\//.test(path) ||
  // 500 is what Harbor answers of an adapter that is not there, and its own tests want it.
  (method === 'POST' && path === '/scanners') ||
  (method === 'PUT' && path === '/configurations') ||
  (method === 'PUT' && path.endsWith('/password'))

describeOnEachDatabase('requests of every kind, put together at random', (registry) => {
  test(
    `are answered in time, none with an error of ours (BERTH_FUZZ_SEED=${seed})`,
    async () => {
      console.log(`fuzz: BERTH_FUZZ_SEED=${seed}`)
      const { known, authorizations } = await furnish(registry())
      const document: unknown = await (await fetch(`${registry().url}/api/v2.0/openapi.json`)).json()
      const operations = operationsOf(document).filter((operation) => !isLeftOut(operation))
      expect(operations.length).toBeGreaterThan(120)
      const choices = new Choices(seed)
      const failed: string[] = []
      const statuses = new Map<number, number>()
      const ask = async (at: number): Promise<void> => {
        const request = choices.chance(0.7)
          ? apiRequest(choices, operations[at % operations.length]!, known)
          : otherRequest(choices, known)
        const odd = () => choices.pick(oddTexts)
        const who = choices.chance(0.02) ? basic(odd(), odd()) : choices.pick(authorizations)
        const outcome = await send(registry(), request, who)
        statuses.set(outcome.status, (statuses.get(outcome.status) ?? 0) + 1)
        const text = `${request.method} ${request.target.slice(0, 500)} ${(request.body ?? '').slice(0, 300)}`
        if (outcome.status >= 500 && outcome.status !== 501) failed.push(`${outcome.status} ${text}`)
        // On a busy machine anything is slow once: what is slow by itself is slow each time.
        for (let more = 0, { ms } = outcome; ms > maxAnswerMs; more++) {
          if (more === 3) {
            failed.push(`${Math.round(ms)} ms ${text}`)
            break
          }
          ms = (await send(registry(), request, who)).ms
        }
      }
      const ends = performance.now() + durationMs
      let requests = 0
      let warm = 0
      while (performance.now() < ends && failed.length < 20) {
        await Promise.all(Array.from({ length: 4 }, () => ask(requests++)))
        // What the requests have deleted is pushed again, so that others find something.
        if (requests % 2_000 === 0) await pushContent(registry(), known.projects).catch(() => [])
        if (warm === 0 && performance.now() > ends - (durationMs * 2) / 3) warm = await residentMib(registry())
      }
      const grown = (await residentMib(registry())) - warm
      console.log(
        `fuzz: ${requests} requests, ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}; ${Math.round(grown)} MiB grown`,
      )
      if (failed.length > 0) console.log(await errorsIn(registry()))
      expect(failed).toEqual([])
      expect(grown).toBeLessThan(maxGrowthMib)
      // They do reach what they are meant for.
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 400, 401, 403, 404, 422]))
      expect((await fetch(`${registry().url}/api/v2.0/health`)).status).toBe(200)
    },
    durationMs + 120_000,
  )
})
