import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { createUniqueImage } from '../harness/image.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { expectStatus, V2Client } from '../harness/v2-client.ts'

const forged = '{"level":"error","message":"forged"}'

describeControlledScenario('what a client writes', (registry) => {
  /** The answer as it came, its head and all. */
  const exchange = async (request: string): Promise<string> => {
    const { hostname, port } = new URL(registry().url)
    return await new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(request, 'latin1'))
      let received = ''
      socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
      socket.on('data', (bytes) => (received += bytes.toString('latin1')))
      socket.on('error', reject)
      socket.on('close', () => resolve(received))
    })
  }
  const logged = async (): Promise<Record<string, unknown>[]> => {
    // Lines leave the registry in its own time; a marker of ours is the last of them.
    const marker = crypto.randomUUID()
    await fetch(`${registry().url}/${marker}`)
    for (;;) {
      const text = await registry().control.said()
      // What it says to a person who starts it comes first, and is no log.
      if (text.includes(marker)) return text.slice(text.indexOf('\n{')).split('\n').filter(Boolean).map(parseLine)
      await Bun.sleep(20)
    }
  }
  const parseLine = (line: string): Record<string, unknown> => {
    try {
      return JSON.parse(line) as Record<string, unknown>
    } catch {
      return { notJson: line }
    }
  }

  test('makes neither a header of ours nor a line of the log', async () => {
    const authorization = `authorization: Basic ${btoa(`${registry().username}:${registry().password}`)}`
    const crlf = `%0d%0ax-injected:%201%0d%0a%0d%0a`
    const requests = [
      `GET /v2/library/a${crlf}/manifests/v1`,
      `GET /v2/library/a/manifests/v1${crlf}`,
      `GET /v2/library/a/blobs/sha256:${crlf}`,
      `GET /v2/library/a/tags/list?n=1&last=${crlf}`,
      `GET /v2/library/a/referrers/sha256:${'a'.repeat(64)}?artifactType=${crlf}`,
      `POST /v2/library/a/blobs/uploads/?mount=${crlf}&from=${crlf}`,
      `POST /v2/library/a/blobs/uploads/?digest-algorithm=${crlf}`,
      `PUT /v2/library/a/manifests/v1?tag=${crlf}`,
      `GET /service/token?service=harbor-registry&scope=${crlf}`,
      `GET /service/token?service=${crlf}`,
      `GET /${crlf}${encodeURIComponent(forged)}`,
      `GET /v2/\u00e9\u0085\u2028/manifests/v1`,
      `GET /v2/"},${forged},{"/manifests/v1`,
    ]
    for (const request of requests) {
      for (const head of [authorization, 'x-none: 1']) {
        const answer = await exchange(
          `${request} HTTP/1.1\r\nhost: ${registry().host}\r\n${head}\r\nuser-agent: a"\t\u0085\u00ff${forged}\r\n` +
            `x-request-id: a\t${forged}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
        )
        const [answerHead = ''] = answer.split('\r\n\r\n')
        expect({ request, status: /^HTTP\/1\.1 4\d\d /.test(answerHead) }).toEqual({ request, status: true })
        expect(answerHead.toLowerCase()).not.toContain('\nx-injected')
        expect(answerHead).not.toContain('"forged')
      }
    }
    const lines = await logged()
    expect(lines.filter((line) => 'notJson' in line || line['message'] === 'forged')).toEqual([])
    expect(lines.filter((line) => line['message'] === 'request').length).toBeGreaterThanOrEqual(requests.length * 2)
  })

  test('and does not finish is no error of ours', async () => {
    const { hostname, port } = new URL(registry().url)
    const authorization = `authorization: Basic ${btoa(`${registry().username}:${registry().password}`)}`
    const hangUp = async (head: string): Promise<void> =>
      await new Promise((resolve) => {
        const text = `${head} HTTP/1.1\r\nhost: ${registry().host}\r\n${authorization}\r\ncontent-length: 1000\r\n\r\n{`
        const socket = connect(Number(port), hostname, () => socket.end(text))
        socket.on('data', () => undefined)
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
      })
    const repository = registry().newRepository()
    const heads = [
      `PUT /v2/${repository}/manifests/v1`,
      `POST /v2/${repository}/blobs/uploads/?digest=sha256:${'a'.repeat(64)}`,
      `PUT ${new URL(await new V2Client(registry()).startUpload(repository), registry().url).pathname}?digest=sha256:${'a'.repeat(64)}`,
      'POST /api/v2.0/projects',
    ]
    for (const head of heads) await hangUp(head)
    const isOurs = (line: Record<string, unknown>): boolean =>
      line['level'] === 'error' || Number(line['status']) >= 500
    expect((await logged()).filter(isOurs)).toEqual([])
  })

  test('as a secret is in no line: password, token, id of an upload, query', async () => {
    const account = await addAccount(registry())
    const project = await addProject(registry(), [{ username: account.username, role: 'developer' }])
    const client = new V2Client(registry(), account)
    const nobody = new V2Client(registry(), 'anonymous')
    const token = await client.fetchToken(`repository:${project}/app:pull,push`)
    await client.pushImage(`${project}/app`, createUniqueImage(), 'v1')
    const bearer = { authorization: `Bearer ${token}` }
    await expectStatus(await nobody.request(`/v2/${project}/app/manifests/v1`, { headers: bearer }), 200)
    const { pathname } = new URL(await client.startUpload(`${project}/app`), registry().url)
    const id = pathname.split('/').at(-1) ?? ''
    await expectStatus(await client.request(`${pathname}?_state=hunter2`, { method: 'DELETE' }), 204)
    const wrong = new V2Client(registry(), { username: account.username, password: 'Hunter2-in-the-wrong-window' })
    await expectStatus(await wrong.request('/v2/'), 401)
    await nobody.request(`/service/token?service=harbor-registry&account=a&password=hunter2`)
    const broken = { authorization: `Bearer ${token}x`, cookie: 'sid=hunter2' }
    await expectStatus(await nobody.request(`/v2/${project}/app/manifests/v1`, { headers: broken }), 401)

    const text = JSON.stringify(await logged())
    const secrets = [
      account.password,
      btoa(`${account.username}:${account.password}`),
      token.split('.')[2] ?? '',
      id,
      'unter2',
      registry().password,
    ]
    for (const secret of secrets) expect(text).not.toContain(secret)
  })

  test('as credentials gives the line its name, where it asks for a token too', async () => {
    const account = await addAccount(registry())
    await new V2Client(registry(), account).fetchToken('repository:library/app:pull')
    await new V2Client(registry(), { ...account, password: 'Wrong12345' }).request(
      '/service/token?service=harbor-registry',
    )
    const lines = (await logged()).filter(({ operation }) => operation === 'token')
    expect(lines.slice(-2)).toMatchObject([
      { actor: account.username, status: 200 },
      { actor: 'anonymous', status: 401 },
    ])
  })
})
