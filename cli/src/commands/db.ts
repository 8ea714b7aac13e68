import type { Command } from 'commander'
import { composeAdvisories } from '#server/compose/scanning.ts'
import { composeEvents } from '#server/compose/events.ts'
import { systemClock } from '#server/domain/clock.ts'
import { AdvisoryFileWriter } from '#server/domain/scanning/data/advisory-file.ts'
import type { AdvisoryGenerations, KnownGeneration } from '#server/domain/scanning/data/advisory-generations.ts'
import { importAdvisories, NothingToImport, type ImportResult } from '#server/domain/scanning/data/import-advisories.ts'
import { existsSync } from 'node:fs'
import { cliActor, setArchiveCommand, type ArchiveCommand, type ArchiveServices } from '../archive-command.ts'
import { CommandError } from '../command-error.ts'
import { formatBytes } from '../format-bytes.ts'

const importCommand: ArchiveCommand = {
  description: 'bring vulnerability data into the registry: trivy-db, OSV, Alpine secdb, Debian tracker, KEV, EPSS',
  example: 'berth db import trivy-db.tar.gz',
  configure: (command) =>
    command
      .argument('<file-or-folder>', 'its form is recognised by what is in it; gzip, zstd and zip are unpacked')
      .option('--debian-release <number>', 'of a list of one release that does not say which')
      .option('--data-time <time>', 'when it was published, where it does not say so itself (2026-01-31)'),
  async run(services, flags, [from = '']) {
    if (!existsSync(from)) throw new CommandError(`${from} is not there`, { kind: 'not-found' })
    const generations = await openGenerations(services)
    const { result, generation } = await generations.replace(cliActor, async (path) => {
      using writer = new AdvisoryFileWriter(path)
      return await importAdvisories(from, writer, optionsOf(flags)).catch((error: unknown) => {
        if (error instanceof NothingToImport) throw new CommandError(error.message, { kind: 'usage' })
        throw error
      })
    })
    return {
      good: true,
      text: presentImport(result, generation.number),
      json: { generation: generation.number, ...result },
    }
  },
}

function optionsOf(flags: Readonly<Record<string, unknown>>) {
  const time = flags['dataTime'] === undefined ? undefined : Date.parse(String(flags['dataTime']))
  if (time !== undefined && Number.isNaN(time)) {
    throw new CommandError('--data-time is a day or a time: 2026-01-31', { kind: 'usage' })
  }
  return {
    ...(flags['debianRelease'] === undefined ? {} : { debianRelease: String(flags['debianRelease']) }),
    ...(time === undefined ? {} : { dataTime: new Date(time).toISOString() }),
  }
}

const statusCommand: ArchiveCommand = {
  description: 'the vulnerability data of the registry: what it is made of, and how old it is',
  example: 'berth db status',
  async run(services) {
    const known = await (await openGenerations(services)).list()
    const text =
      known.length === 0
        ? 'no vulnerability data yet; bring some in: berth db import FILE'
        : known.map(presentGeneration).join('\n')
    return { good: true, text, json: known }
  },
}

const useCommand: ArchiveCommand = {
  description: 'go back to vulnerability data that is still kept',
  example: 'berth db use 3',
  configure: (command) => command.argument('<number>', 'as `berth db status` lists it'),
  async run(services, _flags, [number = '']) {
    if (!/^\d{1,9}$/.test(number))
      throw new CommandError(`${number} is no number of vulnerability data`, { kind: 'usage' })
    await (await openGenerations(services)).use(cliActor, Number(number))
    return {
      good: true,
      text: `scans use vulnerability data ${number} from now on`,
      json: { generation: Number(number) },
    }
  },
}

export function registerDbCommands(program: Command): void {
  const db = program.command('db').description('vulnerability data for scans')
  setArchiveCommand(db.command('import'), importCommand)
  setArchiveCommand(db.command('status'), statusCommand)
  setArchiveCommand(db.command('use'), useCommand)
}

async function openGenerations(services: ArchiveServices): Promise<AdvisoryGenerations> {
  const database = await services.database()
  return composeAdvisories(services.config, { database, clock: systemClock, events: composeEvents(systemClock) })
}

function presentImport({ sources, refused, examples, passedOver }: ImportResult, generation: number): string {
  return [
    ...sources.map(
      ({ name, advisories, dataTime }) => `${name}: ${advisories} advisories, published ${dayOf(dataTime)}`,
    ),
    ...(passedOver.length === 0 ? [] : [`left out, because Berth does not scan for it: ${passedOver.join(', ')}`]),
    ...(refused === 0 ? [] : [`${refused} entries could not be read, among them ${examples.slice(0, 3).join(', ')}`]),
    `scans use vulnerability data ${generation} from now on`,
  ].join('\n')
}

function presentGeneration({ number, inUse, dataTime, importTime, size, sources }: KnownGeneration): string {
  const names = sources.map(({ name, advisories }) => `${name} (${advisories})`).join(', ')
  return `${inUse ? '*' : ' '} ${number}  published ${dayOf(dataTime)}, imported ${dayOf(importTime)}, ${formatBytes(size)}: ${names}`
}

const dayOf = (time: string) => (time === '' || time.startsWith('1970') ? 'at an unknown time' : time.slice(0, 10))
