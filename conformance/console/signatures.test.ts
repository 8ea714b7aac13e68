import { expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { signImage } from '../harness/cosign.ts'
import { createUniqueImage } from '../harness/image.ts'
import { addProject, type ControlledRegistry } from '../harness/scenario.ts'
import { V2Client } from '../harness/v2-client.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    none: 'No trusted signers yet',
    new: 'New signer',
    name: 'Name',
    key: 'Public key',
    save: 'Save',
    verified: 'Verified',
    untrusted: 'Signed, not trusted',
    unnamed: 'Signed, by nobody you named',
    notTrusted: 'It is of none of the trusted signers.',
    details: /^Verified by release/,
  },
  'zh-CN': {
    none: '还没有受信任的签名者',
    new: '新建签名者',
    name: '名称',
    key: '公钥',
    save: '保存',
    verified: '已验证',
    untrusted: '已签名，不受信任',
    unnamed: '已签名，但不是您指定的人',
    notTrusted: '不是任何受信任的签名者签的。',
    details: /^已验证 签名者 release/,
  },
} as const

const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 390],
] as const

describeConsole('signatures in the console', (scenario) => {
  for (const language of languages) {
    test(`a signer is named, and signatures say whose they are and why they do not count, ${language}`, async () => {
      const say = words[language]
      const { registry, visit, administrator } = scenario()
      const project = await addProject(registry as ControlledRegistry)
      const client = new V2Client(registry)
      const image = createUniqueImage()
      await client.pushImage(`${project}/app`, image, 'v1')
      const [release, stranger] = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
      for (const { privateKey } of [release!, stranger!]) {
        await signImage(client, `${project}/app`, image.descriptor, privateKey)
      }
      const accessories = `/projects/${project}/repositories/app/artifacts/v1?tab=accessories`
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(accessories)
        await page.getByText(say.unnamed).first().waitFor()
        await picture('signatures-unnamed')

        await open(`/projects/${project}/settings`)
        await page.getByRole('heading', { name: say.none }).waitFor()
        await page.getByRole('button', { name: say.new }).focus()
        await page.keyboard.press('Enter')
        await page.getByLabel(say.name, { exact: true }).fill('release')
        const pem = release!.publicKey.export({ format: 'pem', type: 'spki' }).toString()
        await page.getByRole('textbox', { name: say.key }).fill(pem)
        await expectAccessible()
        await picture('signer-form')
        await page.getByRole('button', { name: say.save }).click()
        await page.getByText(/ecdsa sha256:/).waitFor()
        await expectAccessible()
        await picture('signers')
      })
      for (const [theme, width] of looks)
        await visit(
          { language, theme, width, as: administrator },
          async ({ page, open, expectAccessible, picture }) => {
            await open(accessories)
            await page.getByText(say.verified, { exact: true }).first().waitFor()
            await page.getByText(say.untrusted, { exact: true }).first().waitFor()
            await page.getByText(say.notTrusted).first().waitFor()
            await expectAccessible()
            await picture('signatures')
            await page.getByRole('button', { name: say.details }).focus()
            await page.keyboard.press('Enter')
            const details = page.getByRole('dialog')
            await details.getByText('release', { exact: true }).waitFor()
            expect(await details.getByText(/^sha256:[0-9a-f]{64}$/).count()).toBe(1)
            await expectAccessible()
            await picture('signature')
            await open(accessories.replace('accessories', 'graph'))
            await page.getByText(say.verified, { exact: true }).first().waitFor()
            await page.getByText(say.untrusted, { exact: true }).first().waitFor()
            await expectAccessible()
            await picture('signatures-graph')
          },
        )
    }, 120_000)
  }
})
