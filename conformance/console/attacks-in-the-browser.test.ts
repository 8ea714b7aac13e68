import { expect, test } from 'bun:test'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole } from './browser.ts'

const script = '<img src=x onerror="window.attacked=1"><script>window.attacked=1</script>'

describeConsole('what somebody pushed or wrote', (scenario) => {
  test('runs nowhere in the console: names, descriptions, banners', async () => {
    const { visit, registry, administrator } = scenario()
    const headers = {
      authorization: `Basic ${btoa(`${administrator.username}:${administrator.password}`)}`,
      'content-type': 'application/json',
    }
    const put = async (path: string, body: object) =>
      await fetch(`${registry.url}/api/v2.0${path}`, { method: 'PUT', headers, body: JSON.stringify(body) })
    const profile = { email: 'admin@example.com', realname: '<img src=x onerror=alert(1)>', comment: '' }
    expect(await (await put('/users/1', profile)).text()).toBe('')
    expect((await put('/configurations', { banner_message: JSON.stringify({ message: script }) })).ok).toBe(true)
    await visit({ as: administrator }, async ({ page, open }) => {
      for (const path of ['/', '/projects', `/projects?q=${encodeURIComponent(script)}`]) {
        await open(path)
        await page.getByText('<img src=x', { exact: false }).first().waitFor()
        expect(await page.evaluate(() => (window as unknown as { attacked?: number }).attacked)).toBeUndefined()
      }
    })
  })

  test('is never a page of this origin: a blob is bytes, and may do nothing', async () => {
    const { visit, registry, administrator } = scenario()
    const client = new V2Client(registry)
    const repository = registry.newRepository()
    const { digest } = await client.pushBlob(repository, new TextEncoder().encode(`<!doctype html>${script}`))
    const path = `/v2/${repository}/blobs/${digest}`
    const answer = await client.request(path)
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    await visit({ as: administrator }, async ({ page, open, tolerate }) => {
      await open('/projects')
      // The page cannot even ask for it: a session is worth nothing below /v2.
      tolerate(/401|Refused|Failed to load/)
      const status = await page.evaluate(async (address) => (await fetch(address)).status, path)
      expect(status).toBe(401)
    })
  })

  test('cannot act for somebody who is signed in: no frame, no form of another site', async () => {
    const { visit, registry, administrator } = scenario()
    const other = Bun.serve({
      port: 0,
      hostname: '127.0.0.2',
      fetch: () =>
        new Response(
          `<iframe src="${registry.url}/projects"></iframe>
           <form id="f" method="post" enctype="text/plain" action="${registry.url}/api/v2.0/projects">
           <input name='{"project_name":"forged","x":"' value='"}'></form>`,
          { headers: { 'content-type': 'text/html' } },
        ),
    })
    try {
      await visit({ as: administrator }, async ({ page, tolerate }) => {
        tolerate(/frame-ancestors|403|Refused to display|chrome-error|Framing/)
        await page.goto(other.url.href)
        await page.waitForLoadState('networkidle')
        const frame = page.frames().find((each) => each !== page.mainFrame())
        expect(await frame?.locator('#root').count()).toBe(0)
        await page.evaluate(() => document.querySelector<HTMLFormElement>('#f')!.submit())
        await page.waitForLoadState('networkidle')
      })
      const found = await fetch(`${registry.url}/api/v2.0/projects?name=forged`)
      expect(await found.json()).toEqual([])
    } finally {
      await other.stop(true)
    }
  })

  test('the page allows no script of its own text and no frame', async () => {
    const { registry } = scenario()
    const answer = await fetch(`${registry.url}/projects/anything`)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)/)
    for (const path of ['/v2x', '/apix', '/assets/none.js', '/unknown'])
      expect((await fetch(`${registry.url}${path}`)).status).toBe(404)
  })
})

describeConsole(
  'a registry without accounts, open in a browser',
  (scenario) => {
    test('is changed and read by no page of another site, and by its own console as ever', async () => {
      const { visit, registry } = scenario()
      const other = Bun.serve({
        port: 0,
        hostname: '127.0.0.2',
        fetch: () => new Response('<p>a page of another site</p>', { headers: { 'content-type': 'text/html' } }),
      })
      try {
        await visit({}, async ({ page, open, tolerate }) => {
          tolerate(/./)
          await page.goto(`http://127.0.0.2:${other.port}/`)
          await page.evaluate(async (url) => {
            const send = async (path: string, init: RequestInit) =>
              await fetch(`${url}${path}`, { mode: 'no-cors', ...init }).then(
                () => undefined,
                () => undefined,
              )
            const project = JSON.stringify({ project_name: 'forged' })
            for (const body of [project, new Blob([project]), new Blob([project], { type: 'text/plain' })])
              await send('/api/v2.0/projects', { method: 'POST', body })
            await send('/v2/library/forged/blobs/uploads/', { method: 'POST' })
            await send('/c/log_out', {})
          }, registry.url)
          const read = await page.evaluate(
            async (url) =>
              await fetch(`${url}/api/v2.0/users`).then(
                async (answer) => await answer.text(),
                () => 'unreadable',
              ),
            registry.url,
          )
          expect(read).toBe('unreadable')
          const projects = (await (await fetch(`${registry.url}/api/v2.0/projects`)).json()) as { name: string }[]
          expect(projects.map(({ name }) => name)).toEqual(['library'])
          await open('/projects')
          const made = await page.evaluate(async () => {
            const init = { method: 'POST', headers: { 'content-type': 'application/json' } }
            return (await fetch('/api/v2.0/projects', { ...init, body: '{"project_name":"our-own"}' })).status
          })
          expect(made).toBe(201)
        })
      } finally {
        await other.stop(true)
      }
    })
  },
  { flags: ['--open'] },
)
