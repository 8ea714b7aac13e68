import type { Command } from 'commander'
import { ContractError } from '#contract/contract-error.ts'
import { DomainError, type DomainErrorCode } from '#server/domain/errors.ts'
import type { AccessServices, OpenAccessServices } from './access-services.ts'
import { CommandError } from './command-error.ts'
import { chooseTarget, openRegistry } from './api/choose-registry.ts'
import type { RegistryApi } from './api/registry-api.ts'
import { printOutcome, type Format, type Outcome } from './output.ts'
import { declareCommand, type CommandWords } from './registry-command.ts'

export interface AccessCommand extends CommandWords {
  /** The remedy for a refusal. */
  readonly advice?: Readonly<Partial<Record<DomainErrorCode, string>>>
  readonly run: (
    services: AccessServices,
    args: readonly string[],
    flags: Readonly<Record<string, unknown>>,
  ) => Promise<Outcome>
  /** The same at a registry elsewhere, with the same outcome; undefined where its API has no such operation. */
  readonly remote?: (
    api: RegistryApi,
    args: readonly string[],
    flags: Readonly<Record<string, unknown>>,
  ) => Promise<Outcome>
}

/** Puts a command that works on users or projects under `parent`: flags, opening, closing, output, advice. */
export function addAccessCommand(parent: Command, open: OpenAccessServices, definition: AccessCommand): void {
  const command = declareCommand(parent, definition)
  command.action(async () => {
    const flags = command.opts<Record<string, unknown>>()
    const outcome =
      chooseTarget(command).kind === 'local'
        ? await runHere(command, open, definition, flags)
        : await runElsewhere(command, definition, flags)
    printOutcome(outcome, flags['output'] as Format)
  })
}

async function runHere(
  command: Command,
  open: OpenAccessServices,
  definition: AccessCommand,
  flags: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  await using services = await open(command)
  return await definition.run(services, command.args, flags).catch((error: unknown) => {
    throw withAdvice(error, definition)
  })
}

async function runElsewhere(
  command: Command,
  { remote }: AccessCommand,
  flags: Readonly<Record<string, unknown>>,
): Promise<Outcome> {
  if (remote === undefined) {
    throw new CommandError('this is done on the machine of the registry only: its API has no such operation', {
      next: 'there, or with the flags that name it: --data <folder>, --config <file>, --context local',
      kind: 'usage',
    })
  }
  await using api = await openRegistry(command)
  return await remote(api, command.args, flags)
}

function withAdvice(error: unknown, { advice, example }: AccessCommand): unknown {
  if (error instanceof ContractError)
    return new CommandError(error.message, { next: `for example: ${example}`, cause: error })
  if (!(error instanceof DomainError)) return error
  const next = advice?.[error.code] ?? generalAdvice[error.code]
  return new CommandError(error.message, { ...(next === undefined ? {} : { next }), cause: error })
}

const generalAdvice: Readonly<Partial<Record<DomainErrorCode, string>>> = {
  USER_UNKNOWN: 'see who there is: berth user list',
  PROJECT_UNKNOWN: 'see which there are: berth project list',
  MEMBER_UNKNOWN: 'see who is: berth project member list <project>',
}

/** Every page of a list, one after the other. */
export async function collectPages<Item>(
  page: (after: string | undefined) => Promise<{ items: readonly Item[]; next?: string | undefined }>,
): Promise<Item[]> {
  const all: Item[] = []
  let after: string | undefined
  do {
    const { items, next } = await page(after)
    all.push(...items)
    after = next
  } while (after !== undefined)
  return all
}
