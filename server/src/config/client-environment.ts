import { homedir } from 'node:os'
import { join } from 'node:path'

/** What the environment tells a command about a registry elsewhere. */
export interface ClientEnvironment {
  /** `BERTH_URL` */
  readonly url: string | undefined
  /** `BERTH_CONTEXT` */
  readonly context: string | undefined
  /** `BERTH_USERNAME` and `BERTH_PASSWORD`: for scripts; nothing is kept. */
  readonly username: string | undefined
  readonly password: string | undefined
  /** `BERTH_CA`: a PEM file. */
  readonly ca: string | undefined
  /** `BERTH_INSECURE` */
  readonly insecure: boolean
  /** Where contexts are kept: `BERTH_CONTEXTS`, else `berth/contexts.json` where the user's programs keep such. */
  readonly contextsFile: string | undefined
}

export function clientEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): ClientEnvironment {
  const text = (name: string) => env[name] || undefined
  const home = text('XDG_CONFIG_HOME') ?? (text('HOME') === undefined ? undefined : join(homedir(), '.config'))
  return {
    url: text('BERTH_URL'),
    context: text('BERTH_CONTEXT'),
    username: text('BERTH_USERNAME'),
    password: text('BERTH_PASSWORD'),
    ca: text('BERTH_CA'),
    insecure: ['1', 'true', 'yes'].includes(text('BERTH_INSECURE') ?? ''),
    contextsFile: text('BERTH_CONTEXTS') ?? (home === undefined ? undefined : join(home, 'berth', 'contexts.json')),
  }
}
