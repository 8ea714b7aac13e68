import { InvalidArgumentError, Option, type Command } from 'commander'
import { ContractError } from '#contract/contract-error.ts'
import { parseDoublestar } from '#contract/doublestar.ts'
import type { Config } from '#server/config/config.ts'
import type { ImportOptions } from '#server/domain/transfer/import-services.ts'
import { parseMappingRule, type MappingRule } from '#server/domain/transfer/repository-mapping.ts'

const maxParallel = 64

/** The flags of every import of content. */
export interface ImportFlags {
  readonly project?: string
  readonly map: readonly MappingRule[]
  readonly repository: readonly string[]
  readonly public: boolean
  readonly inPlace: boolean
  readonly copy: boolean
  readonly verify: 'digests' | 'sizes'
  readonly parallel: number
  readonly overwriteTags: boolean
}

export function addImportFlags(command: Command): Command {
  return command
    .option('--project <name>', 'project of names without one (default: the setting default_project)')
    .option(
      '--map <from=to>',
      'other names: team/web=shop puts team/web/api into shop/api; repeatable',
      collect(parseMappingRule),
      [],
    )
    .option('--repository <pattern>', 'only these, as the source calls them: team/**; repeatable', collect(String), [])
    .option('--public', 'projects that are created for what comes are public', false)
    .addOption(
      new Option('--in-place', 'never copy bytes; in a bucket, point to where they lie')
        .default(false)
        .conflicts('copy'),
    )
    .option('--copy', 'always copy bytes, also where they could be shared', false)
    .addOption(
      new Option('--verify <what>', 'before bytes are shared: read them all, or trust their sizes')
        .choices(['digests', 'sizes'])
        .default('digests'),
    )
    .option('--parallel <number>', 'manifests under way at once', parseParallel, 8)
    .option('--overwrite-tags', 'tags follow the source even where somebody pushed them here since', false)
}

export function importOptionsOf(flags: ImportFlags, config: Config): ImportOptions {
  return {
    mapping: {
      project: flags.project ?? config.defaultProject,
      rules: flags.map,
      only: flags.repository.map(parseDoublestar),
    },
    bytes: flags.inPlace ? 'in-place' : flags.copy ? 'copy' : 'share',
    verify: flags.verify,
    parallel: flags.parallel,
    overwriteTags: flags.overwriteTags,
    publicProjects: flags.public,
    manifestBytes: config.limits.manifestBytes,
  }
}

function collect<T>(parse: (text: string) => T): (text: string, before: readonly T[]) => readonly T[] {
  return (text, before) => {
    try {
      return [...before, parse(text)]
    } catch (error) {
      if (error instanceof ContractError) throw new InvalidArgumentError(error.message)
      throw error
    }
  }
}

function parseParallel(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= maxParallel) return number
  throw new InvalidArgumentError(`a number from 1 to ${maxParallel}`)
}
