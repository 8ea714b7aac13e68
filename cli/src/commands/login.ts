import type { Command } from 'commander'
import { clientEnvironment } from '#server/config/client-environment.ts'
import {
  addressOf,
  chooseTarget,
  addRegistryFlags,
  localContext,
  parseRegistryUrl,
  sayWhere,
} from '../api/choose-registry.ts'
import { ContextStore, contextUnknown, type Context } from '../api/contexts.ts'
import { findOwnUser } from '../api/who-is.ts'
import { asTyped } from '../as-typed.ts'
import { CommandError } from '../command-error.ts'
import { addOutputFlag, factsOf, formatTable, printOutcome, type Format } from '../output.ts'
import { usualAliases } from '../registry-command.ts'
import { addPasswordFlag, readPassword } from '../secret-input.ts'

interface LoginFlags {
  readonly username?: string
  readonly name?: string
  readonly ca?: string
  readonly insecure?: true
  readonly passwordStdin?: true
  readonly output: Format
}

const contextStore = () => new ContextStore(clientEnvironment().contextsFile)

export function registerLoginCommands(program: Command): void {
  registerLogin(program)
  registerLogout(program)
  registerContext(program)
  registerWhoami(program)
}

function registerLogin(program: Command): void {
  const login = program
    .command('login <url>')
    .description('sign in to a registry elsewhere; the commands that follow mean that one')
    .option('-u, --username <name>', 'who signs in: a user, or a robot by its whole name')
    .option('--name <context>', 'what to call it from now on (default: its host)')
    .option('--ca <file>', 'PEM file of the authority that signed its certificate')
    .option('--insecure', 'take any certificate of it, from now on')
  addPasswordFlag(login)
  addOutputFlag(login).addHelpText(
    'after',
    () => `
A password is not kept: it is exchanged for a session, which ends by itself and by berth logout. The secret of a robot,
a personal token or a CLI secret is kept, readable by you alone. Scripts can do without: BERTH_URL, BERTH_USERNAME and
BERTH_PASSWORD.

${asTyped('Examples:\n  berth login https://registry.example.com -u admin\n  berth login registry.example.com:8443 --ca ca.crt -u admin --password-stdin < password-file')}`,
  )
  login.action(async (text: string, flags: LoginFlags) => {
    const url = parseRegistryUrl(text)
    const store = contextStore()
    const name = flags.name ?? new URL(url).host
    if (name === localContext)
      throw new CommandError(`${localContext} means this machine`, { next: '--name <another name>', kind: 'usage' })
    const address = addressOf({ url }, flags, clientEnvironment())
    sayWhere({ kind: 'remote', address, credential: undefined, context: undefined, implied: false })
    const username = flags.username ?? (await askUsername())
    const { signIn, signOut } = await import('../api/sign-in.ts')
    const password = await readPassword({ ...flags }, `${username} at ${url}`)
    const credential = await signIn(address, username, password, askCode)
    const { contexts } = store.read()
    const before = contexts[name]
    const { ca, insecure } = address
    const context: Context = { url, credential, ...(ca === undefined ? {} : { ca }), ...(insecure ? { insecure } : {}) }
    try {
      store.write({ current: name, contexts: { ...contexts, [name]: context } })
    } catch (error) {
      await signOut(address, credential)
      throw error
    }
    if (before?.credential !== undefined && before.url === url) await endQuietly(before)
    const kept = credential.kind === 'session' ? 'a session' : 'the secret'
    printOutcome(
      {
        text: `signed in to ${url} as ${username}; ${kept} is kept, and commands mean this registry from now on\nback to this machine: berth context use ${localContext}`,
        json: { context: name, url, username, kept: credential.kind },
      },
      flags.output,
    )
  })
}

async function askCode(): Promise<string> {
  if (process.stdin.isTTY !== true)
    throw new CommandError('this account has a second factor, and there is no terminal to ask for its code on', {
      next: 'scripts sign in with a personal token in the place of the password: make one in the console, under your name',
      kind: 'not-signed-in',
    })
  return (await ask('Code of your authenticator app, or a recovery code: ')).trim()
}

async function askUsername(): Promise<string> {
  if (process.stdin.isTTY !== true)
    throw new CommandError('who signs in?', { next: '--username <name>', kind: 'usage' })
  return (await ask('Username: ')).trim()
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(question)
  } finally {
    terminal.close()
  }
}

function registerLogout(program: Command): void {
  addOutputFlag(program.command('logout [context]'))
    .description('end a login: its session there and what is kept of it here')
    .action(async (given: string | undefined, { output }: { output: Format }) => {
      const store = contextStore()
      const name = given ?? store.read().current
      if (name === undefined)
        throw new CommandError('you are signed in nowhere', { next: 'see: berth context list', kind: 'not-found' })
      const context = store.get(name)
      const problem = await endQuietly(context)
      store.remove(name)
      const note = problem === undefined ? '' : `\nits session could not be ended there (${problem}): it ends by itself`
      printOutcome({ text: `signed out of ${context.url}${note}`, json: { context: name, url: context.url } }, output)
    })
}

/** What is kept here goes whether the registry answers or not. @returns why its session could not be ended */
async function endQuietly({ url, ca, insecure, credential }: Context): Promise<string | undefined> {
  if (credential === undefined) return undefined
  try {
    const { signOut } = await import('../api/sign-in.ts')
    await signOut({ url, ca, insecure: insecure === true }, credential)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function registerContext(program: Command): void {
  const context = program.command('context').description('registries that you have signed in to')
  addOutputFlag(context.command('list'))
    .aliases([...usualAliases['list']!])
    .description('list them; the star marks the one that commands mean')
    .action(({ output }: { output: Format }) => {
      const { current, contexts } = contextStore().read()
      const shown = [
        {
          name: localContext,
          url: '',
          username: '',
          kept: '',
          current: current === undefined || current === localContext,
        },
        ...Object.entries(contexts).map(([name, { url, credential }]) => ({
          name,
          url,
          username: credential?.username ?? '',
          kept: credential?.kind ?? '',
          current: name === current,
        })),
      ]
      const rows = shown.map((each) => [
        `${each.current ? '*' : ' '} ${each.name}`,
        each.url || 'this machine',
        each.username,
        each.kept,
      ])
      printOutcome({ text: formatTable([['  CONTEXT', 'URL', 'USERNAME', 'KEPT'], ...rows]), json: shown }, output)
    })
  addOutputFlag(context.command('use <name>'))
    .description(`mean this one from now on; ${localContext} is this machine`)
    .action((name: string, { output }: { output: Format }) => {
      const store = contextStore()
      const { contexts } = store.read()
      if (name === localContext) store.write({ contexts })
      else {
        if (!Object.hasOwn(contexts, name)) throw contextUnknown(name, [localContext, ...Object.keys(contexts)])
        store.write({ current: name, contexts })
      }
      const where = name === localContext ? 'this machine' : store.get(name).url
      printOutcome({ text: `commands mean ${where}`, json: { current: name } }, output)
    })
  addOutputFlag(context.command('remove <name>'))
    .aliases(['rm', 'delete'])
    .description('forget one, and end its session')
    .action(async (name: string, { output }: { output: Format }) => {
      const store = contextStore()
      await endQuietly(store.get(name))
      store.remove(name)
      printOutcome({ text: `forgot ${name}`, json: { context: name } }, output)
    })
}

function registerWhoami(program: Command): void {
  const command = addRegistryFlags(program.command('whoami')).description(
    'which registry commands mean, and who you are there',
  )
  addOutputFlag(command).action(async () => {
    const target = chooseTarget(command)
    const { output } = command.opts<{ output: Format }>()
    if (target.kind === 'local') {
      const facts = { registry: 'this machine', username: 'cli', system_administrator: true }
      return printOutcome(
        factsOf(
          [
            ['registry', facts.registry],
            ['as', 'the program itself: it may do everything'],
          ],
          facts,
        ),
        output,
      )
    }
    const { RemoteDoor } = await import('../api/remote-door.ts')
    const { RegistryApi } = await import('../api/registry-api.ts')
    await using api = new RegistryApi(new RemoteDoor(target.address, target.credential))
    const user = await findOwnUser(api)
    const facts = {
      username: user?.username ?? target.credential?.username ?? 'nobody',
      system_administrator: user !== undefined && (user.sysadmin_flag || user.admin_role_in_auth),
    }
    const shown = { registry: target.address.url, context: target.context ?? null, ...facts }
    printOutcome(
      factsOf(
        [
          ['registry', shown.registry],
          ['context', shown.context],
          ['as', facts.username],
          ['system administrator', facts.system_administrator ? 'yes' : 'no'],
        ],
        shown,
      ),
      output,
    )
  })
}
