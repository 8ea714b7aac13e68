import { beforeAll, expect, test } from 'bun:test'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'
import { describeRepository, seedChart, seedModel, seedSignedImage, type SignedImage } from './seed-artifacts.ts'

const words = {
  en: {
    accessories: /^Accessories/,
    graph: 'Graph',
    layers: 'Layers',
    dependencies: 'Dependencies',
    readme: 'README',
    notation: 'Notation signature',
    cosign: 'Cosign signature',
    attestation: 'in-toto attestation',
    none: 'No signatures, SBOMs, or attestations',
    annotations: 'Annotations',
    model: 'model',
    maintainers: 'Maintainers',
    settings: 'Settings',
    size: 'Size',
  },
  'zh-CN': {
    accessories: /^附件/,
    graph: '关系图',
    layers: '层',
    dependencies: '依赖',
    readme: 'README',
    notation: 'Notation 签名',
    cosign: 'Cosign 签名',
    attestation: 'in-toto 证明',
    none: '没有签名、SBOM 或证明',
    annotations: '注解',
    model: '模型',
    maintainers: '维护者',
    settings: '运行设置',
    size: '大小',
  },
} as const

describeConsole('artifacts of every kind', (scenario) => {
  let signed: SignedImage
  beforeAll(async () => {
    const client = new V2Client(scenario().registry)
    signed = await seedSignedImage(client, 'library/gateway', 'v2.4.1')
    await client.pushManifest(
      'library/gateway',
      'v2.4',
      'application/vnd.oci.image.index.v1+json',
      new Uint8Array(await (await client.request(`/v2/library/gateway/manifests/v2.4.1`)).arrayBuffer()),
    )
    await seedChart(client, 'library/charts/gateway', '3.1.0')
    await describeRepository(client, 'library', 'charts/gateway')
    await seedModel(client, 'library/embedder', '0.3')
  }, 60_000)

  for (const language of languages) {
    test(`signatures, SBOMs and attestations are listed by name and type, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page, open } = visitor
        await open('/projects/library/repositories/gateway/artifacts/v2.4.1?tab=accessories')
        const table = page.getByRole('tabpanel').getByRole('table')
        const row = async (name: string) =>
          (await table.getByRole('row').filter({ hasText: name }).first().innerText())
            .split('\n')
            .map((text) => text.trim())
        expect(await row('gateway.spdx.json')).toContain('SPDX SBOM')
        expect(await row('gateway.cdx.json')).toContain('CycloneDX SBOM')
        expect(await row(say.notation)).toContain(say.notation)
        expect(await row('SLSA provenance')).toContain(say.attestation)
        expect((await row('SLSA provenance')).join()).toContain('linux/amd64')
        // Of the index by its tag, of one platform by a bundle.
        expect(await table.getByRole('link', { name: say.cosign }).count()).toBe(2)
        await visitor.expectAccessible()
        await visitor.picture('accessories')
        await open(`/projects/library/repositories/gateway/artifacts/${signed.amd64}?tab=accessories`)
        await page.getByRole('link', { name: 'SLSA provenance' }).click()
        await page.getByText(say.attestation).first().waitFor()
        await open('/projects/library/repositories/embedder/artifacts/0.3?tab=accessories')
        await page.getByText(say.none).waitFor()
      })
    })

    test(`what only looks like an image has no command to pull it and no settings, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page, open } = visitor
        const settings = page.getByRole('tab', { name: say.settings, exact: true })
        const command = page.getByText('docker pull')
        await open(`/projects/library/repositories/gateway/artifacts/${signed.amd64}`)
        await settings.waitFor()
        expect(await command.count()).toBe(1)
        for (const tag of [signed.attestation, `${signed.index.replace(':', '-')}.sig`]) {
          await open(`/projects/library/repositories/gateway/artifacts/${tag}`)
          expect([tag, await settings.count(), await command.count()]).toEqual([tag, 0, 0])
        }
        await visitor.expectAccessible()
        await visitor.picture('attestation')
      })
    })

    test(`the size of an index is that of all its platforms, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator, registry } = scenario()
      const place = '/api/v2.0/projects/library/repositories/gateway/artifacts'
      const sizeOf = async (reference: string) => {
        const answer = await new V2Client(registry).request(`${place}/${reference}`)
        return ((await answer.json()) as { readonly size: number }).size
      }
      const parts = [signed.amd64, signed.arm64, signed.attestation]
      const sum = (await Promise.all(parts.map(sizeOf))).reduce((total, size) => total + size, 0)
      await visit({ language, as: administrator }, async ({ page, open }) => {
        await open('/projects/library/repositories/gateway/artifacts/v2.4.1')
        const size = page.locator('dl > div').filter({ has: page.getByText(say.size, { exact: true }) })
        const bytes = Number((await size.locator('[title]').getAttribute('title'))?.replace(/\D/g, ''))
        // And its own manifest, which is small.
        expect(bytes).toBeGreaterThan(sum)
        expect(bytes).toBeLessThan(sum + 4096)
        expect(await size.innerText()).toContain('2 × ')
      })
    })

    test(`on a phone the graph stands whole in its card, and no command runs below its button, ${language}`, async () => {
      const { visit, administrator } = scenario()
      await visit({ language, theme: 'dark', width: 390, as: administrator }, async (visitor) => {
        const { page, open } = visitor
        await open('/projects/library/repositories/gateway/artifacts/v2.4.1?tab=graph')
        const panel = page.getByRole('tabpanel').last()
        const nodes = await panel.getByRole('listitem').getByRole('link').all()
        expect(nodes.length).toBe(9)
        for (const node of nodes) {
          const box = (await node.boundingBox())!
          expect(box.x + box.width).toBeLessThan(390)
        }
        const code = (await page.locator('pre, code').first().boundingBox())!
        const button = (await page.getByRole('tabpanel').first().getByRole('button').first().boundingBox())!
        expect(code.x + code.width).toBeLessThanOrEqual(button.x)
        await visitor.expectAccessible()
        await visitor.picture('graph-on-a-phone')
      })
    })

    test(`the graph has the tag of its page, platforms and types, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page, open } = visitor
        const namesAt = async (reference: string) => {
          await open(`/projects/library/repositories/gateway/artifacts/${reference}?tab=graph`)
          const nodes = await page.getByRole('tabpanel').getByRole('link').allInnerTexts()
          return nodes.map((text) => text.split('\n')[0]!.trim()).toSorted()
        }
        const around = [
          'linux/amd64',
          'linux/arm64',
          'SPDX SBOM',
          'CycloneDX SBOM',
          say.notation,
          say.cosign,
          say.cosign,
        ]
        expect(await namesAt('v2.4.1')).toEqual(['v2.4.1', say.attestation, ...around].toSorted())
        await visitor.expectAccessible()
        await visitor.picture('graph')
        // Another tag of the same artifact: its page says that one.
        expect(await namesAt('v2.4')).toContain('v2.4')
        expect(await namesAt('v2.4')).not.toContain('v2.4.1')
      })
    })

    test(`a chart has its summary, its dependencies and its readme laid out, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async (visitor) => {
        const { page, open } = visitor
        const asked: string[] = []
        page.on('request', (request) => asked.push(new URL(request.url()).host))
        await open('/projects/library/repositories/charts%2Fgateway/artifacts/3.1.0')
        await page.getByText(say.maintainers).waitFor()
        for (const text of ['2.4.1', '>=1.27.0', 'Ada Lovelace', 'payments', 'https://payments.example.org/gateway'])
          await page.getByText(text, { exact: true }).first().waitFor()
        await page.getByRole('table', { name: say.annotations }).getByText('org.opencontainers.image.source').waitFor()
        await visitor.expectAccessible()
        await visitor.picture('chart')
        await page.getByRole('tab', { name: say.dependencies }).click()
        await page.getByRole('row', { name: /postgresql/ }).waitFor()
        await page.getByRole('tab', { name: say.readme }).click()
        await page.getByRole('heading', { name: 'Gateway chart' }).waitFor()
        await page.getByRole('columnheader', { name: 'Default' }).waitFor()
        const link = page.getByRole('link', { name: 'the notes' })
        expect(await link.getAttribute('rel')).toContain('noopener')
        await page.getByRole('link', { name: 'build status' }).waitFor()
        expect(await page.getByRole('tabpanel').locator('img').count()).toBe(0)
        await visitor.expectAccessible()
        await visitor.picture('chart-readme')
        expect([...new Set(asked)]).toEqual([new URL(page.url()).host])
      })
    })

    test(`a model is one, and its layers have the names of its files, ${language}`, async () => {
      const say = words[language]
      const { visit, administrator } = scenario()
      await visit({ language, as: administrator }, async ({ page, open, picture }) => {
        await open('/projects/library/repositories/embedder/artifacts/0.3')
        await page.getByRole('tab', { name: say.layers, exact: true }).click()
        await page.getByText('model.safetensors').waitFor()
        await page.getByText(say.model, { exact: true }).first().waitFor()
        await picture('model')
      })
    })
  }

  test('the description of a repository is laid out, and folded where it is long', async () => {
    const { visit, administrator } = scenario()
    await visit({ as: administrator, width: 390, height: 844 }, async (visitor) => {
      const { page, open } = visitor
      await open('/projects/library/repositories/charts%2Fgateway')
      await page.getByRole('heading', { name: 'library/charts/gateway' }).waitFor()
      await page.getByRole('heading', { name: 'Gateway', exact: true }).waitFor()
      expect(await page.getByText('**gateway**').count()).toBe(0)
      await page.getByRole('button', { name: 'Show more' }).click()
      await page.getByText('☑ signed by the release pipeline').waitFor()
      await visitor.expectAccessible()
      await visitor.picture('description')
    })
  })
})
