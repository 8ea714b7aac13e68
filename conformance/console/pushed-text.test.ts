import { expect, test } from 'bun:test'
import { gzipSync } from 'node:zlib'
import { ApiClient } from '../api/contract-client.ts'
import { pushArtifact, type ArtifactPart, type ArtifactParts } from '../harness/artifact.ts'
import type { RegistryUnderTest } from '../harness/registry.ts'
import { tar } from '../harness/tar.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, type Visitor } from './browser.ts'

const markup = (where: string): string =>
  `<img src=x onerror="alert('${where}')"><script>alert('${where}')</script><a href="javascript:alert('${where}')">${where}</a>`
const link = "javascript:alert('link')"

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

const push = async (registry: RegistryUnderTest, repository: string, tag: string, parts: ArtifactParts) =>
  (await pushArtifact(new V2Client(registry), repository, tag, parts)).digest

const layer = (text: string, annotations: object = {}): ArtifactPart => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  bytes: gzipSync(tar([{ path: 'file', content: text }])),
  annotations,
})
const annotationsOf = (where: string) => ({
  [markup(`${where} key`)]: markup(where),
  'org.opencontainers.image.title': markup(`${where} title`),
  'org.opencontainers.image.url': link,
  'org.opencontainers.image.source': link,
  'org.opencontainers.image.documentation': link,
  'vnd.docker.reference.digest': markup(`${where} digest`),
})

/** An image each of whose texts is markup. */
const imageOfMarkup = (): ArtifactParts => ({
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    bytes: json({
      os: markup('os'),
      architecture: markup('architecture'),
      author: markup('author'),
      created: markup('created'),
      config: {
        Cmd: [markup('cmd')],
        Entrypoint: [markup('entrypoint')],
        Env: [`${markup('env name')}=${markup('env')}`],
        ExposedPorts: { [markup('port')]: {} },
        Volumes: { [markup('volume')]: {} },
        User: markup('user'),
        WorkingDir: link,
        StopSignal: markup('signal'),
        Labels: { [markup('label key')]: markup('label'), url: link },
      },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [
        { created: markup('history created'), created_by: markup('history'), comment: markup('comment') },
        { created_by: link, empty_layer: true, comment: markup('empty') },
      ],
    }),
  },
  layers: [layer('one', annotationsOf('layer'))],
  annotations: annotationsOf('image'),
})

/** An image where every text is something else than a text. */
const imageOfOtherTypes = (): ArtifactParts => ({
  config: {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    bytes: json({
      os: { a: 1 },
      architecture: ['x'],
      author: { dangerouslySetInnerHTML: { __html: markup('author') } },
      created: { toString: 1 },
      config: {
        Cmd: { a: 1 },
        Entrypoint: [{ b: 2 }],
        Env: [7, { c: 3 }, null],
        ExposedPorts: 'all',
        Volumes: [1, 2],
        User: { $$typeof: 'Symbol(react.element)', type: 'script', props: {} },
        WorkingDir: 5,
        StopSignal: [9],
        Labels: { nested: { d: 4 }, none: null },
      },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [{ created: 12, created_by: { e: 5 }, comment: ['x'] }, null, 'text'],
    }),
  },
  layers: [layer('two')],
})

const chartOfMarkup = (): ArtifactParts => ({
  config: {
    mediaType: 'application/vnd.cncf.helm.config.v1+json',
    bytes: json({ name: markup('chart'), version: '1.0.0', description: markup('about'), home: link, icon: link }),
  },
  layers: [
    {
      mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
      bytes: gzipSync(
        tar([
          { path: 'app/Chart.yaml', content: 'name: app\nversion: 1.0.0\n' },
          {
            path: 'app/README.md',
            content: `# Read\n\n${markup('readme')}\n\n[click](${link}) ![x](x" onerror="alert(1))\n`,
          },
          { path: 'app/values.yaml', content: `text: ${JSON.stringify(markup('values'))}\n` },
        ]),
      ),
    },
  ],
  annotations: annotationsOf('chart'),
})

/** Pages that must show the text as text, and what of it must be read on them. */
async function look(visitor: Visitor, path: string, seen: readonly string[] = []): Promise<void> {
  const { page } = visitor
  await visitor.open(path)
  for (const text of seen) await page.getByText(text, { exact: false }).first().waitFor()
  const found = await page.evaluate(() => ({
    images: document.querySelectorAll('img[src="x"], img[onerror]').length,
    links: [...document.querySelectorAll('[href], [src], [action]')].filter((element) =>
      ['href', 'src', 'action'].some((name) => /^\s*(javascript|data:text)/i.test(element.getAttribute(name) ?? '')),
    ).length,
    scripts: [...document.querySelectorAll('script')].filter(({ textContent }) => textContent !== '').length,
    crashed: document.querySelector('h1') === null,
  }))
  expect([path, found]).toEqual([path, { images: 0, links: 0, scripts: 0, crashed: false }])
}

describeConsole('what somebody pushed', (scenario) => {
  const fill = async () => {
    const { registry } = scenario()
    const api = new ApiClient(registry)
    const must = async (operation: string, options: Parameters<ApiClient['call']>[1]) => {
      const answer = await api.call<{ id?: number }>(operation, options)
      if (answer.status >= 300) throw new Error(`${operation}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer
    }
    const digest = await push(registry, 'library/markup', 'v1', imageOfMarkup())
    await push(registry, 'library/markup', 'types', imageOfOtherTypes())
    await push(registry, 'library/chart', '1.0.0', chartOfMarkup())
    await push(registry, 'library/chart', 'referrer', {
      ...imageOfMarkup(),
      layers: [layer('three')],
      artifactType: 'application/vnd.example+json',
      subject: { mediaType: manifestType, digest, size: 1 },
    })
    const repository = { project_name: 'library', repository_name: 'markup' }
    await must('PUT /projects/{project_name}/repositories/{repository_name}', {
      params: repository,
      body: { description: markup('description') },
    })
    const labelled = await must('POST /labels', {
      body: { name: '<img src=x onerror=alert(1)>', description: markup('label'), color: '#FF0000', scope: 'g' },
    })
    const id = Number(labelled.headers.get('location')?.split('/').at(-1))
    await must('POST /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}/labels', {
      params: { ...repository, reference: 'v1' },
      body: { id },
    })
    await must('POST /users', {
      body: {
        username: '<img src=x onerror=alert(1)>',
        password: 'Harbour2026',
        email: 'markup@example.org',
        realname: '<img src=x onerror=alert(1)>',
        comment: '<img src=x onerror=alert(1)>',
      },
    })
    await must('POST /projects/{project_name_or_id}/members', {
      params: { project_name_or_id: 'library' },
      body: { role_id: 3, member_user: { username: '<img src=x onerror=alert(1)>' } },
    })
    const access = [{ resource: 'repository', action: 'pull' }]
    for (const level of ['project', 'system'])
      await must('POST /robots', {
        body: {
          name: 'plain',
          description: markup('robot'),
          duration: -1,
          level,
          permissions: [{ kind: 'project', namespace: 'library', access }],
        },
      })
    // One more, for the trash.
    await push(registry, 'library/markup', 'gone', { ...imageOfMarkup(), layers: [layer('four')] })
    await must('DELETE /projects/{project_name}/repositories/{repository_name}/artifacts/{reference}', {
      params: { ...repository, reference: 'gone' },
    })
  }

  test('is text on every page of an artifact, its project and its registry: no markup, no link, no crash', async () => {
    await fill()
    const { visit, administrator } = scenario()
    const img = '<img src=x'
    const image = '/projects/library/repositories/markup/artifacts'
    const chart = '/projects/library/repositories/chart/artifacts'
    const tabsOf = (artifact: string, tabs: readonly string[]) => tabs.map((tab) => `${artifact}?tab=${tab}`)
    const below = (path: string, parts: readonly string[]) => parts.map((part) => `${path}/${part}`)
    const withText = [
      `${image}/v1`,
      ...tabsOf(`${image}/v1`, ['layers', 'build', 'settings', 'manifest']),
      ...tabsOf(`${chart}/1.0.0`, ['chart', 'readme', 'values', 'manifest']),
      ...below('/projects/library', ['repositories/markup', 'members', 'robots']),
      ...below('/administration', ['users', 'labels']),
    ]
    const others = [
      ...tabsOf(`${image}/v1`, ['tags', 'graph', 'accessories']),
      ...tabsOf(`${image}/types`, ['layers', 'build', 'settings', 'graph', 'manifest']),
      ...tabsOf(`${chart}/1.0.0`, ['dependencies', 'layers', 'graph', 'accessories']),
      `${chart}/referrer`,
      ...below('/projects/library', ['repositories/chart', 'trash', 'settings', 'labels', 'logs']),
      ...below('/administration', ['robots', 'audit-log', 'quotas']),
      '/projects/library',
      '/',
    ]
    const pages = [...withText.map((path) => [path, [img]] as const), ...others.map((path) => [path, []] as const)]
    const third = Math.ceil(pages.length / 3)
    // Three at once: most of the time a page waits for the network to be quiet.
    await Promise.all(
      [0, 1, 2].map(async (part) => {
        await visit({ as: administrator }, async (visitor) => {
          const dialogs: string[] = []
          visitor.page.on('dialog', (dialog) => {
            dialogs.push(dialog.message())
            void dialog.dismiss()
          })
          for (const [path, seen] of pages.slice(part * third, (part + 1) * third)) await look(visitor, path, seen)
          expect(dialogs).toEqual([])
        })
      }),
    )
  }, 90_000)

  test('is text in the palette, which finds it', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator }, async (visitor) => {
      await look(visitor, '/projects')
      await visitor.page.keyboard.press('Control+k')
      await visitor.page.getByRole('option').first().waitFor()
      await visitor.page.keyboard.type('markup')
      await visitor.page
        .getByRole('option', { name: /library\/markup/ })
        .first()
        .waitFor()
      await visitor.page.keyboard.press('Control+a')
      await visitor.page.keyboard.type('<img src=x onerror=alert(1)>')
      await visitor.page.getByText('<img src=x').first().waitFor()
      expect(await visitor.page.locator('img[src=x]').count()).toBe(0)
    })
  }, 60_000)
})
