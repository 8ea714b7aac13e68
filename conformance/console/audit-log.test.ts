import { expect, test } from 'bun:test'
import { addAccount, type ControlledRegistry } from '../harness/scenario.ts'
import { describeConsole, languages } from './browser.ts'

describeConsole(
  'the audit log, its integrity and its receivers',
  (scenario) => {
    test('somebody has it verified and signed, and keeps what was signed', async () => {
      const { visit, administrator } = scenario()
      await visit({ as: administrator }, async ({ page, open, expectAccessible }) => {
        await open('/administration/audit-log')
        await page.getByRole('link', { name: 'Integrity', exact: true }).click()
        await page.getByRole('button', { name: 'Verify now' }).click()
        await page.getByText('unchanged').first().waitFor()
        const started = page.waitForEvent('download')
        await page.getByRole('button', { name: 'Sign now' }).click()
        const text = await new Response((await (await started).createReadStream()) as never).text()
        expect(JSON.parse(text)).toMatchObject({ number: expect.any(Number), signature: expect.any(String) })
        await expectAccessible()
      })
    })

    for (const language of languages)
      test(`a receiver that cannot be reached is named with the reason, ${language}`, async () => {
        const { visit, administrator } = scenario()
        const [theme, width] = language === 'en' ? (['light', 1280] as const) : (['dark', 390] as const)
        await visit({ language, theme, width, as: administrator }, async (visitor) => {
          for (const path of ['sinks', 'integrity']) {
            await visitor.open(`/administration/audit-log/${path}`)
            if (path === 'sinks')
              await visitor.page
                .getByText(/ECONNREFUSED|refused|connect/i)
                .first()
                .waitFor()
            await visitor.expectAccessible()
            await visitor.picture(`audit-${path}`)
          }
        })
      })
  },
  { env: { BERTH_AUDIT_SYSLOG_URL: 'tcp://127.0.0.1:1', BERTH_AUDIT_KEEP_AT_LEAST: '180d' } },
)

describeConsole('the three administrators', (scenario) => {
  test('an audit administrator is appointed, and from then on the audit log is theirs alone', async () => {
    const { visit, administrator, registry } = scenario()
    const auditor = await addAccount(registry as ControlledRegistry)
    await visit({ as: administrator }, async ({ page, open, picture }) => {
      await open(`/administration/users?q=${auditor.username}`)
      await page.getByRole('button', { name: `More actions for ${auditor.username}` }).click()
      await picture('appoint')
      await page.getByRole('menuitem', { name: 'Appoint as audit administrator' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Appoint', exact: true }).click()
      await page.getByText(`${auditor.username} is now audit administrator`).waitFor()
      await page.getByRole('link', { name: 'Audit log' }).waitFor({ state: 'detached' })
      await page.getByText('audit administrator', { exact: true }).first().waitFor()
    })
    await visit({ as: auditor }, async ({ page, open, expectAccessible, picture }) => {
      await open('/')
      await page.getByRole('link', { name: 'Audit log' }).click()
      await page.getByRole('cell', { name: 'Sign in' }).first().waitFor()
      expect(await page.getByRole('link', { name: 'Users' }).count()).toBe(0)
      await expectAccessible()
      await picture('auditor')
    })
  })
})
