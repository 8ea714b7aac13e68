import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Command } from 'commander'
import { packTar } from 'modern-tar'
import { addRegistryFlags, chooseTarget, openRegistry } from '../api/choose-registry.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addOutputFlag, printOutcome, type Format } from '../output.ts'
import { addSettingFlags, describeConfigFor, loadConfigFor } from '../setting-flags.ts'
import { partsOfMachine, partsOfRegistry, versionPart, type Part } from '../support/collect.ts'
import { Redaction } from '../support/redaction.ts'

interface Flags {
  readonly to?: string
  readonly output: Format
}

export function registerSupportBundle(program: Command): void {
  addOutputFlag(addRegistryFlags(addSettingFlags(program.command('support-bundle'), { showAll: false })))
    .description(
      'put what a colleague asks for first into one file: versions, settings without secrets, health, failed jobs, metrics, log',
    )
    .option('--to <file>', 'where to write it (default: berth-support-<time>.tar.gz here)')
    .addHelpText('after', '\nExample:\n  berth support-bundle --to bundle.tar.gz')
    .action(async (flags: Flags, command: Command) => {
      const target = chooseTarget(command)
      const redaction = new Redaction()
      const isLocal = target.kind === 'local'
      if (isLocal) addSecretsOf(command, redaction)
      else if (target.credential !== undefined) {
        const { credential } = target
        redaction.add(
          ...(credential.kind === 'secret' ? [credential.secret] : [credential.session, credential.csrfCookie]),
        )
      }
      const now = new Date()
      const file = flags.to ?? `berth-support-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}.tar.gz`
      await using owned = new AsyncDisposableStack()
      const { parts, failure } = await partsFor(command, isLocal, owned)
      const made = await makeAll(parts, redaction)
      const readme = describe(now, made, isLocal, failure)
      await writeBundle(file, [{ name: 'README.txt', text: readme }, ...made])
      const lacks = made.filter(({ failed }) => failed !== undefined).map(({ name }) => name)
      const note = lacks.length === 0 ? '' : `\nnot to be had, and why stands in them: ${lacks.join(', ')}`
      printOutcome(
        {
          text: `${file}: ${made.length} files; no secrets, but names of projects, people and machines${note}`,
          json: {
            file,
            parts: made.map(({ name, failed }) => ({ name, ...(failed === undefined ? {} : { failed }) })),
          },
        },
        flags.output,
      )
    })
}

/** A configuration that cannot be used is one of the things that a bundle is for. */
function addSecretsOf(command: Command, redaction: Redaction): void {
  if (describeConfigFor(command).problems.length === 0) redaction.addConfig(loadConfigFor(command).config)
}

/** What can be had: where the registry cannot be opened, the machine still tells something. */
async function partsFor(command: Command, isLocal: boolean, owned: AsyncDisposableStack) {
  const own: Part[] = isLocal
    ? [
        { name: 'configuration-file.json', make: async () => describeConfigFor(command) },
        ...partsOfMachine(() => loadConfigFor(command)),
      ]
    : []
  let api: RegistryApi
  try {
    api = owned.use(await openRegistry(command))
  } catch (error) {
    if (!isLocal) throw error
    return { parts: [versionPart, ...own], failure: (error as Error).message }
  }
  return { parts: [versionPart, ...own, ...partsOfRegistry(api)], failure: undefined }
}

interface Made {
  readonly name: string
  readonly text: string
  readonly failed?: string
}

async function makeAll(parts: readonly Part[], redaction: Redaction): Promise<Made[]> {
  const made: Made[] = []
  for (const { name, make } of parts) {
    try {
      const found = await make()
      made.push({ name, text: redaction.apply(typeof found === 'string' ? found : JSON.stringify(found, null, 2)) })
    } catch (error) {
      const failed = redaction.apply(error instanceof Error ? error.message : String(error))
      made.push({ name, text: `could not be had: ${failed}`, failed })
    }
  }
  return made
}

function describe(now: Date, made: readonly Made[], isLocal: boolean, failure: string | undefined): string {
  return [
    `Made by berth support-bundle at ${now.toISOString()}, ${isLocal ? 'on the machine of the registry' : 'from elsewhere, with the rights of an account'}.`,
    'Secrets are left out. Names of projects, people and machines are in it: look through it before it leaves the house.',
    ...(failure === undefined ? [] : [`The registry could not be opened: ${failure}`]),
    '',
    ...made.map(({ name, failed }) => `${name}${failed === undefined ? '' : ` (could not be had: ${failed})`}`),
    '',
    'Not in it: the log, where systemd does not keep it. Add the lines around the failure, and the request id of an error.',
    '',
  ].join('\n')
}

async function writeBundle(
  file: string,
  parts: readonly { readonly name: string; readonly text: string }[],
): Promise<void> {
  const entries = parts.map(({ name, text }) => {
    const body = new TextEncoder().encode(text)
    return {
      header: { name: `berth-support/${name}`, size: body.byteLength, type: 'file' as const, mode: 0o600 },
      body,
    }
  })
  try {
    writeFileSync(file, gzipSync(await packTar(entries)), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST'
    throw new CommandError(
      isThere ? `${file} is there already` : `${file} cannot be written: ${(error as Error).message}`,
      {
        next: '--to <another file>',
        kind: isThere ? 'conflict' : 'failed',
        cause: error,
      },
    )
  }
}
