import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { createUniqueImage } from '../harness/image.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { replicasMissing, startReplicas, type Replica } from '../harness/replicas.ts'
import { V2Client } from '../harness/v2-client.ts'

const title = 'a signing key that is replaced at one replica'
const days = 24 * 60 * 60_000

if (replicasMissing !== undefined) skipLoudly(title, replicasMissing)
else {
  test(`${title}: tokens of the old key are good everywhere until they end, and the others sign with the new one`, async () => {
    await using running = await startReplicas(2)
    const [first, second] = running.replicas as [Replica, Replica]
    await using sql = new SQL(running.databaseUrl)
    const repository = first.newRepository()
    await new V2Client(first).pushImage(repository, createUniqueImage(), 'v1')
    const old = await Promise.all([tokenFrom(first, repository), tokenFrom(second, repository)])
    expect(kidOf(old[0])).toBe(kidOf(old[1]))

    // The key has signed for its time; the replica that is started next sees it first.
    await sql.unsafe(`update signing_key set created_at = created_at - ${91 * days}`)
    await second.control.restart('SIGTERM')
    const fresh = await tokenFrom(second, repository)
    expect(kidOf(fresh)).not.toBe(kidOf(old[0]))
    for (const token of [...old, fresh])
      for (const replica of [first, second]) expect(await statusWith(replica, token, repository)).toBe(200)

    // The news comes by a signal; without it, within a minute.
    const deadline = performance.now() + 70_000
    while (kidOf(await tokenFrom(first, repository)) !== kidOf(fresh)) {
      expect(performance.now()).toBeLessThan(deadline)
      await Bun.sleep(100)
    }
    expect(await statusWith(second, await tokenFrom(first, repository), repository)).toBe(200)

    // A retired key whose last token has ended is worth nothing, at no replica.
    await sql.unsafe(`update signing_key set retired_at = retired_at - ${days} where retired_at is not null`)
    await first.control.restart('SIGTERM')
    await second.control.restart('SIGTERM')
    for (const replica of [first, second]) {
      expect(await statusWith(replica, old[0], repository)).toBe(401)
      expect(await statusWith(replica, fresh, repository)).toBe(200)
    }
  }, 180_000)
}

async function tokenFrom({ url, username, password }: Replica, repository: string): Promise<string> {
  const answer = await fetch(`${url}/service/token?service=harbor-registry&scope=repository:${repository}:pull`, {
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}` },
    keepalive: false,
  })
  expect(answer.status).toBe(200)
  return ((await answer.json()) as { token: string }).token
}

async function statusWith({ url }: Replica, token: string, repository: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, accept: '*/*' }
  const answer = await fetch(`${url}/v2/${repository}/manifests/v1`, { headers, keepalive: false })
  await answer.arrayBuffer()
  return answer.status
}

function kidOf(token: string): string {
  const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()) as { kid: string }
  return header.kid
}
