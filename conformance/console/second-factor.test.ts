import { SQL } from 'bun'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { ApiClient } from '../api/contract-client.ts'
import { codeOf } from '../harness/authenticator.ts'
import { controlMissing } from '../harness/scenario.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { describeConsole, languages } from './browser.ts'

const words = {
  en: {
    username: 'Username',
    password: 'Password',
    signIn: 'Sign in',
    setUp: 'Set up two-factor authentication',
    goOn: 'Continue',
    code: /Code from/,
    switchOn: 'Turn on',
    on: 'on',
    saved: 'I have saved them',
    verify: 'Verify',
    wrong: /wrong or was used before/,
    newToken: 'New token',
    name: 'Name',
    create: 'Create token',
    confirm: 'Confirm that it is you',
    reset: 'Reset two-factor authentication',
    more: 'More actions for',
    addPasskey: 'Add passkey',
    byPasskey: 'Sign in with a passkey',
    remove: 'Turn off',
    passkeyRefused: /passkey was not accepted/,
  },
  'zh-CN': {
    username: '用户名',
    password: '密码',
    signIn: '登录',
    setUp: '启用双因素认证',
    goOn: '继续',
    code: /验证码/,
    switchOn: '启用',
    on: '已启用',
    saved: '已保存',
    verify: '验证',
    wrong: /验证码不正确/,
    newToken: '新建令牌',
    name: '名称',
    create: '创建令牌',
    confirm: '请确认是您本人',
    reset: '重置双因素认证',
    more: '更多操作',
    addPasskey: '添加通行密钥',
    byPasskey: '使用通行密钥登录',
    remove: '停用',
    passkeyRefused: /通行密钥未被接受/,
  },
} as const

/** The key as the page shows it to people who cannot scan. */
async function shownSecret(page: Page): Promise<string> {
  const field = page.locator('input[readonly]:not([hidden])').first()
  await field.waitFor()
  return (await field.inputValue()).replaceAll(' ', '')
}

describeConsole('a second factor', (scenario) => {
  if (controlMissing !== undefined) return skipLoudly('a second factor in the console', controlMissing)

  async function newPerson() {
    const username = `p${crypto.randomUUID().slice(0, 8)}`
    const password = `Aa1${crypto.randomUUID()}`
    const body = { username, password, email: `${username}@example.com`, realname: 'Somebody', comment: '' }
    expect((await new ApiClient(scenario().registry).call('POST /users', { body })).status).toBe(201)
    return { username, password }
  }

  for (const language of languages) {
    test(`is set up in the profile, asked for at the door and before a token, and reset by an administrator, ${language}`, async () => {
      const say = words[language]
      const { visit, registry, administrator } = scenario()
      const person = await newPerson()
      let secret = ''
      let recoveryCode = ''
      await visit({ language, as: person }, async ({ page, open, expectAccessible, picture }) => {
        await open('/profile')
        await page.getByRole('button', { name: say.setUp }).click()
        const dialog = page.getByRole('dialog')
        await dialog.locator('input[type=password]').fill(person.password)
        await dialog.getByRole('button', { name: say.goOn }).click()
        secret = await shownSecret(page)
        await expectAccessible()
        await picture('second-factor-setup')
        await dialog.getByLabel(say.code).fill(codeOf(secret))
        await dialog.getByRole('button', { name: say.switchOn }).click()
        recoveryCode = await page.getByRole('dialog').locator('code').first().innerText()
        await expectAccessible()
        await picture('second-factor-recovery-codes')
        await page.getByRole('button', { name: say.saved }).click()
        await page.getByText(say.on, { exact: true }).waitFor()
        await expectAccessible()
        await picture('second-factor-on')
      })
      await visit({ language }, async ({ page, open, expectAccessible, picture, tolerate }) => {
        tolerate(/40[03] \(/)
        await open('/sign-in?next=%2Fprofile%2Ftokens')
        await page.getByLabel(say.username).fill(person.username)
        await page.getByLabel(say.password, { exact: true }).fill(person.password)
        await page.getByRole('button', { name: say.signIn, exact: true }).click()
        const field = page.getByLabel(say.code)
        await field.fill('000000')
        await expectAccessible()
        await picture('second-factor-at-the-door')
        await page.getByRole('button', { name: say.verify }).click()
        await page.getByText(say.wrong).waitFor()
        await field.fill(recoveryCode.toLowerCase())
        await page.keyboard.press('Enter')
        await page.waitForURL(/profile\/tokens/)

        await using sql = new SQL(`sqlite://${join(registry.control!.dataFolder, 'berth.db')}`)
        await sql.unsafe('update session set proved_at = 1 where proved_at is not null')
        await page.getByRole('button', { name: say.newToken }).first().click()
        await page.getByRole('dialog').getByLabel(say.name, { exact: true }).fill('nightly')
        await page.getByRole('dialog').getByRole('button', { name: say.create }).click()
        const confirm = page.getByRole('dialog', { name: say.confirm })
        await confirm.getByLabel(say.code).fill(codeOf(secret, 1))
        await picture('second-factor-step-up')
        await confirm.getByRole('button', { name: say.goOn }).click()
        await page
          .getByText(/brt_|berth_|nightly/)
          .first()
          .waitFor()
      })
      await visit({ language, as: administrator }, async ({ page, open, expectAccessible, picture }) => {
        await open(`/administration/users?q=${person.username}`)
        await picture('second-factor-users')
        await page
          .getByRole('button', { name: new RegExp(`${say.more}.*${person.username}|${person.username}.*${say.more}`) })
          .click()
        await page.getByRole('menuitem', { name: say.reset }).click()
        await page.getByRole('dialog').getByRole('button', { name: say.reset }).click()
        await page.getByRole('dialog').waitFor({ state: 'hidden' })
        await expectAccessible()
      })
      await visit({ as: person }, async ({ open }) => await open('/profile'))
    })

    test(`is set up at the door where the registry asks everybody for one, on a phone too, ${language}`, async () => {
      const say = words[language]
      const { visit, registry } = scenario()
      const person = await newPerson()
      const rule = async (value: string) =>
        await registry.control!.berth(['settings', 'set', `second_factor_required=${value}`])
      await rule('everyone')
      try {
        await visit({ language, width: 390 }, async ({ page, open, expectAccessible, picture, tolerate }) => {
          tolerate(/403 \(/)
          await open('/sign-in')
          await page.getByLabel(say.username).fill(person.username)
          await page.getByLabel(say.password, { exact: true }).fill(person.password)
          await page.getByRole('button', { name: say.signIn, exact: true }).click()
          const secret = await shownSecret(page)
          await expectAccessible()
          await picture('second-factor-enrolment')
          await page.getByLabel(say.code).fill(codeOf(secret))
          await page.getByRole('button', { name: say.verify }).click()
          await expectAccessible()
          await picture('second-factor-enrolment-codes')
          await page.getByRole('button', { name: say.saved }).click()
          await page.waitForURL((url) => url.pathname === '/')
        })
      } finally {
        await rule('off')
      }
    })
  }

  for (const language of languages) {
    test(`a passkey signs in without a password, and goes with the codes that were set up before it, ${language}`, async () => {
      const say = words[language]
      const { visit, registry } = scenario()
      const person = await newPerson()
      // An authenticator answers for a name, not for an address.
      const origin = registry.url.replace('127.0.0.1', 'localhost')
      await visit({ language }, async ({ page, open, expectAccessible, picture, tolerate }) => {
        tolerate(/40[03] \(/)
        const devtools = await page.context().newCDPSession(page)
        await devtools.send('WebAuthn.enable')
        await devtools.send('WebAuthn.addVirtualAuthenticator', {
          options: {
            protocol: 'ctap2',
            transport: 'internal',
            hasResidentKey: true,
            hasUserVerification: true,
            isUserVerified: true,
            automaticPresenceSimulation: true,
          },
        })
        await open(`${origin}/sign-in?next=%2Fprofile`)
        await page.getByLabel(say.username).fill(person.username)
        await page.getByLabel(say.password, { exact: true }).fill(person.password)
        await page.getByRole('button', { name: say.signIn, exact: true }).click()
        await page.getByRole('button', { name: say.setUp }).click()
        const dialog = page.getByRole('dialog')
        await dialog.locator('input[type=password]').fill(person.password)
        await dialog.getByRole('button', { name: say.goOn }).click()
        const secret = await shownSecret(page)
        await dialog.getByLabel(say.code).fill(codeOf(secret))
        await dialog.getByRole('button', { name: say.switchOn }).click()
        await page.getByRole('button', { name: say.saved }).click()

        await page.getByRole('button', { name: say.addPasskey }).click()
        await dialog.getByLabel(say.name, { exact: true }).fill('laptop')
        await dialog.getByRole('button', { name: say.goOn }).click()
        await dialog.waitFor({ state: 'hidden' })
        await page.getByRole('row', { name: /laptop/ }).waitFor()
        await expectAccessible()
        await picture('passkeys')

        await page.context().clearCookies()
        await open(`${origin}/sign-in?next=%2Fprofile%2Ftokens`)
        await picture('passkey-at-the-door')
        await page.getByRole('button', { name: say.byPasskey }).click()
        await page.waitForURL(/profile\/tokens/)

        await open(`${origin}/profile`)
        await page.getByText(person.username).first().waitFor()
        await page.getByRole('button', { name: say.remove }).click()
        await dialog.getByLabel(say.code).fill(codeOf(secret, 1))
        await dialog.getByRole('button', { name: say.remove }).click()
        await dialog.waitFor({ state: 'hidden' })
        await page.context().clearCookies()
        await open(`${origin}/sign-in`)
        await page.getByRole('button', { name: say.byPasskey }).click()
        await page.getByText(say.passkeyRefused).waitFor()
      })
    })
  }
})
