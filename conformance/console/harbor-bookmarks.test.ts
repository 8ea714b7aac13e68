import { expect, test } from 'bun:test'
import { ApiClient } from '../api/contract-client.ts'
import { createUniqueImage } from '../harness/image.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole } from './browser.ts'

describeConsole('bookmarks of Harbor’s portal', (scenario) => {
  test('lead to the page that shows the same; what is not known leads home', async () => {
    const { visit, registry, administrator } = scenario()
    const image = createUniqueImage()
    await new V2Client(registry).pushImage('library/team/app', image, 'v1')
    const { digest } = image.descriptor
    const api = new ApiClient(registry)
    await api.call('POST /projects', { body: { project_name: 'secret', public: false } })
    const found = await api.call<{ project_id: number }>('GET /projects/{project_name_or_id}', {
      params: { project_name_or_id: 'secret' },
    })
    const secret = found.body.project_id
    const repository = '/projects/library/repositories/team%2Fapp'
    const bookmarks = {
      '/harbor/projects/1/repositories': '/projects/library',
      '/harbor/projects/1/repositories/team%252Fapp': repository,
      [`/harbor/projects/1/repositories/team%252Fapp/artifacts-tab/artifacts/${digest}`]: `${repository}/artifacts/${digest}`,
      [`/harbor/projects/${secret}/logs`]: '/projects/secret/logs',
      '/harbor/projects/4711/repositories': '/projects',
      '/harbor/users': '/administration/users',
      '/harbor': '/',
    }
    await visit({ as: administrator }, async ({ page, open, tolerate }) => {
      // Of the project that nobody has.
      tolerate(/40[34]/)
      for (const [bookmark, expected] of Object.entries(bookmarks)) {
        await open(bookmark)
        const at = decodeURIComponent(new URL(page.url()).pathname)
        expect([bookmark, at]).toEqual([bookmark, decodeURIComponent(expected)])
      }
    })
    await visit({}, async ({ page, open, tolerate }) => {
      tolerate(/40[134]/)
      await open(`/harbor/projects/${secret}/repositories`)
      expect(new URL(page.url()).pathname).toBe('/sign-in')
      await page.getByLabel(/User ?name/).fill(administrator.username)
      await page.getByLabel('Password', { exact: true }).fill(administrator.password)
      await page.keyboard.press('Enter')
      await page.waitForURL((url) => url.pathname === '/projects/secret')
    })
  }, 60_000)
})
