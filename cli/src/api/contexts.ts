import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { CommandError } from '../command-error.ts'

/**
 * A session is what the password was exchanged for: it ends by itself, and by `berth logout`. A secret is one already: of
 * a robot, a personal token, or a CLI secret.
 */
const credential = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('session'),
    username: z.string(),
    session: z.string(),
    /** Cookie and header by which a request that changes something proves whose page it is from. */
    csrfCookie: z.string(),
    csrfToken: z.string(),
  }),
  z.object({ kind: z.literal('secret'), username: z.string(), secret: z.string() }),
])

const context = z.object({
  url: z.string(),
  credential: credential.optional(),
  /** PEM file of the authority that signed its certificate. */
  ca: z.string().optional(),
  insecure: z.boolean().optional(),
})

const contextsFile = z.object({ current: z.string().optional(), contexts: z.record(z.string(), context) })

export type Credential = z.output<typeof credential>
export type Context = z.output<typeof context>
export type Contexts = z.output<typeof contextsFile>

/** Registries that somebody has signed in to, in a file of theirs. */
export class ContextStore {
  readonly #file: string | undefined

  constructor(file: string | undefined) {
    this.#file = file
  }

  /** @throws CommandError when the file cannot be read, or others can read it */
  read(): Contexts {
    if (this.#file === undefined) return { contexts: {} }
    let text: string
    try {
      const { mode } = statSync(this.#file)
      // A copy or an editor may have opened it; what is in it opens a registry.
      if ((mode & 0o077) !== 0) chmodSync(this.#file, 0o600)
      text = readFileSync(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} }
      throw new CommandError(`${this.#file} cannot be read: ${(error as Error).message}`, { cause: error })
    }
    try {
      return contextsFile.parse(parseForeignJson(text, budgets.remoteAnswer))
    } catch (error) {
      throw new CommandError(`${this.#file} is not a file of contexts`, {
        next: `move it away, then sign in again: berth login <url>`,
        cause: error,
      })
    }
  }

  /** Written aside and renamed: a reader never sees half of it, and it is never open to others. */
  write(contexts: Contexts): void {
    if (this.#file === undefined)
      throw new CommandError('there is no home folder to keep a login in', {
        next: 'set HOME, or BERTH_CONTEXTS to a file; or sign in by BERTH_USERNAME and BERTH_PASSWORD',
      })
    const aside = `${this.#file}.${process.pid}`
    try {
      mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 })
      writeFileSync(aside, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
      renameSync(aside, this.#file)
    } catch (error) {
      rmSync(aside, { force: true })
      throw new CommandError(`the login cannot be kept: ${(error as Error).message}`, { cause: error })
    }
  }

  /** Forgets a login; commands mean this machine again if they meant that one. */
  remove(name: string): void {
    const { current, contexts } = this.read()
    const { [name]: _, ...others } = contexts
    this.write({ ...(current === undefined || current === name ? {} : { current }), contexts: others })
  }

  /** @throws CommandError for a name that is not there */
  get(name: string): Context {
    const { contexts } = this.read()
    const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined
    if (found === undefined) throw contextUnknown(name, Object.keys(contexts))
    return found
  }
}

export function contextUnknown(name: string, known: readonly string[]): CommandError {
  return new CommandError(`there is no context ${JSON.stringify(name)}`, {
    next: known.length === 0 ? 'make one: berth login <url>' : `there are: ${known.join(', ')}`,
    kind: 'not-found',
  })
}
