import { expect, setDefaultTimeout, test } from 'bun:test'
import { SQL } from 'bun'
import { rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { alertsMissing, runCommandOf, Watch } from '../harness/alerts.ts'
import { createUniqueImage } from '../harness/image.ts'
import { createPostgresDatabase, postgresMissing } from '../harness/postgres-database.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startControlledRegistry, type ControlledRegistry } from '../harness/scenario.ts'
import { findStoredBytes } from '../harness/stored-bytes.ts'
import { V2Client } from '../harness/v2-client.ts'

setDefaultTimeout(60_000)

const title = 'alerts about a process'

/** Longer than the alerts about time allow. */
const tooLongMs = 1_300

async function standStill({ control }: ControlledRegistry): Promise<void> {
  process.kill(control.pid(), 'SIGSTOP')
  await Bun.sleep(tooLongMs)
  process.kill(control.pid(), 'SIGCONT')
}

/** A transaction of somebody else keeps a table meanwhile. */
async function whileLocked(url: string, table: string, during: () => Promise<unknown>): Promise<void> {
  await using sql = new SQL(url)
  let done: Promise<unknown> = Promise.resolve()
  await sql.begin(async (tx) => {
    await tx.unsafe(`lock table ${table} in access exclusive mode`)
    done = during()
    await Bun.sleep(tooLongMs)
  })
  await done
}

if (alertsMissing !== undefined) skipLoudly(title, alertsMissing)
else {
  test('a process that stands still again and again is told of', async () => {
    await using registry = await startControlledRegistry()
    const watch = new Watch(registry)
    await watch.stands(15)
    await watch.expectFiring()
    await standStill(registry)
    await watch.stands(10)
    await watch.expectFiring('BerthEventLoopLag')
    // What was seen last is remembered for some seconds.
    await watch.sees('berth_event_loop_lag_seconds', (seconds) => seconds < 1)
    await watch.stands(2)
    await watch.expectFiring()
  })

  if (postgresMissing !== undefined) skipLoudly(`${title}, slow requests`, postgresMissing)
  else
    test('small requests that wait for the database are told of, until nothing holds it up', async () => {
      await using database = await createPostgresDatabase()
      await using registry = await startControlledRegistry({ env: { BERTH_DATABASE_URL: database.url } })
      const client = new V2Client(registry)
      await client.pushImage('library/app', createUniqueImage(), 'v1')
      const ask = async () => await (await client.request('/v2/library/app/manifests/v1')).text()
      const watch = new Watch(registry)
      await ask()
      await watch.stands(15)
      await watch.expectFiring()
      for (let time = 0; time < 5; time += 1) {
        await whileLocked(database.url, 'tag', () => Promise.all(Array.from({ length: 20 }, ask)))
        await watch.stands(4)
      }
      await watch.expectFiring('BerthSlow')
      await ask()
      await watch.stands(10)
      await watch.expectFiring()
    })

  if (findClient('prlimit') === undefined) skipLoudly(`${title}, file descriptors`, 'not on this machine: prlimit')
  else
    test('few file descriptors that are left are told of, until there are more', async () => {
      await using registry = await startControlledRegistry({ prefix: ['prlimit', '--nofile=200:200'] })
      const { hostname, port } = new URL(registry.url)
      const watch = new Watch(registry)
      await watch.stands(10)
      await watch.expectFiring()
      // Not all: a registry that has none left answers no scrape either, and is down.
      const sockets = Array.from({ length: 150 }, () => connect(Number(port), hostname))
      for (const socket of sockets) socket.on('error', () => {}).write('GET / HTTP/1.1\r\n')
      await watch.sees('process_open_fds', (count) => count > 165)
      await watch.stands(10)
      await watch.expectFiring('BerthFileDescriptors')
      for (const socket of sockets) socket.destroy()
      await watch.sees('process_open_fds', (count) => count < 100)
      await watch.stands(2)
      await watch.expectFiring()
    })

  test('requests that fail are told of, and why is in the log', async () => {
    await using registry = await startControlledRegistry()
    const { control } = registry
    const client = new V2Client(registry)
    const image = createUniqueImage()
    await client.pushImage('library/app', image, 'v1')
    const digest = [...image.content.keys()].find((each) => each !== image.descriptor.digest)!
    const pull = async () => (await client.request(`/v2/library/app/blobs/${digest}`)).status
    const watch = new Watch(registry)
    await watch.stands(10)
    await rm((await findStoredBytes(join(control.dataFolder, 'storage', 'blobs'), digest)).path)
    for (let minute = 0; minute < 12; minute += 1) {
      expect(await pull()).toBe(503)
      await watch.stands(1)
    }
    await watch.expectFiring('BerthErrors')
    expect(await control.said()).toContain(`the bytes of ${digest} are missing`)
    expect((await control.tryBerth(['verify'])).stdout).toContain(digest)

    await client.pushImage('library/app', image, 'v1')
    expect(await pull()).toBe(200)
    await watch.stands(10)
    await watch.expectFiring()
  })

  test('an error that nobody foresaw is told of, and is in the bundle for those who can mend it', async () => {
    await using registry = await startControlledRegistry()
    const { control } = registry
    const watch = new Watch(registry)
    await watch.stands(5)
    await using sql = new SQL(`sqlite://${join(control.dataFolder, 'berth.db')}`)
    await sql.unsafe('alter table label rename to label_elsewhere')
    const answer = await fetch(`${registry.url}/api/v2.0/labels?scope=g`, {
      headers: { authorization: `Basic ${btoa(`${registry.username}:${registry.password}`)}` },
    })
    expect(answer.status).toBe(500)
    await watch.stands(2)
    await watch.expectFiring('BerthUnhandledErrors')
    expect(await control.said()).toContain('no such table: label')
    expect(await runCommandOf('BerthUnhandledErrors', control)).toContain('berth-support')
    await watch.stands(20)
    await watch.expectFiring()
  })

  test('guessed passwords are told of, with the name and the address', async () => {
    await using registry = await startControlledRegistry()
    const { control } = registry
    const watch = new Watch(registry)
    await watch.stands(10)
    await watch.expectFiring()
    for (let guess = 0; guess < 40; guess += 1) {
      const authorization = `Basic ${btoa('mei:wrong')}`
      await fetch(`${registry.url}/api/v2.0/users/current`, { headers: { authorization } })
    }
    await watch.stands(2)
    await watch.expectFiring('BerthLoginsAttacked')
    expect(await runCommandOf('BerthLoginsAttacked', control)).toContain('mei')
    await watch.stands(20)
    await watch.expectFiring()
  })
}
