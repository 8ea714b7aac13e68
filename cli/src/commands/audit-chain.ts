import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { once } from 'node:events'
import { z } from 'zod'
import { budgets, parseForeignJson } from '#contract/budget.ts'
import { parseLine } from '#server/domain/audit/chain/export-lines.ts'
import type { Signed } from '#server/domain/audit/chain/statements.ts'
import { ChainVerifier, type Finding, type Verification } from '#server/domain/audit/chain/verify-chain.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { counted } from '../counted.ts'
import { collect } from '../flag-values.ts'
import { linesOf } from '../lines-of.ts'
import { printOutcome, tableOf, type Format, type Outcome } from '../output.ts'
import { done, type Flags, type RegistryCommand } from '../registry-command.ts'

/** Verifying, exporting and signing the audit log. */
export const auditChainCommands: readonly RegistryCommand[] = [
  {
    usage: 'verify',
    description:
      'look at the whole audit log for what was changed, removed, put in or cut off; of a registry, or of an export',
    example: 'berth audit verify\n  berth audit verify --file audit.jsonl --key 3f…9a --checkpoint kept.json',
    configure: (command) =>
      void command
        .option('--file <file>', 'an export (jsonl), on a machine without a registry as well')
        .option('--key <fingerprint>', 'the key that must have signed; repeatable', collect, [])
        .option(
          '--checkpoint <file>',
          'a checkpoint that was kept, which must lie on the chain; repeatable',
          collect,
          [],
        ),
    runAlone: ({ file, ...flags }) =>
      typeof file === 'string' ? verifyLines(readLines(file), file, flags) : undefined,
    run: async (api, _args, flags) => await verifyLines(exported(api), api.name, flags),
  },
  {
    usage: 'export <file>',
    description: 'write the whole audit log into a file: as JSON lines with the proof, or as CSV when it ends in .csv',
    example: 'berth audit export audit.jsonl',
    run: async (api, [file = '']) => {
      const lines = await writeExport(api, file)
      return done(`${file}: ${counted(lines, 'line')}`, { file, lines })
    },
  },
  {
    usage: 'checkpoint',
    description: 'sign the audit log as it is now; keep the outcome elsewhere (-o json)',
    example: 'berth audit checkpoint -o json > checkpoint.json',
    run: async (api) => {
      const made = await api.call('POST /system/audit-log/checkpoints')
      return done(`checkpoint ${made.number}: ${made.sequence} records, ${made.hash}`, made)
    },
  },
  {
    usage: 'sinks',
    description: 'where the audit log is sent, and what each receiver has had',
    example: 'berth audit sinks',
    run: async (api) =>
      tableOf(await api.call('GET /system/audit-log/sinks'), {
        KIND: ({ kind }) => kind,
        ADDRESS: ({ address }) => address,
        WAITING: ({ behind }) => behind,
        SENT: (sink) => sink.sent_at,
        MISSED: ({ missed }) => missed,
        REFUSED: ({ refused }) => refused,
        ERROR: ({ error }) => error,
      }),
  },
  {
    usage: 'keys',
    description: 'the public keys that sign the audit log',
    example: 'berth audit keys',
    run: async (api) => {
      const keys = await api.call('GET /system/audit-log/keys')
      return done(keys.map(({ fingerprint, public_key: pem }) => `${fingerprint}\n${pem}`).join('\n'), keys)
    },
  },
]

const exported = (api: RegistryApi, format: 'jsonl' | 'csv' = 'jsonl'): AsyncGenerator<string> =>
  api.lines('GET /system/audit-log/export', { query: { format } })

async function* readLines(file: string): AsyncGenerator<string> {
  if (!existsSync(file)) throw new CommandError(`${file} is not there`, { kind: 'not-found' })
  yield* linesOf(createReadStream(file) as AsyncIterable<Uint8Array>)
}

async function verifyLines(lines: AsyncIterable<string>, place: string, flags: Flags): Promise<Outcome> {
  const { key, checkpoint } = flags as { key: readonly string[]; checkpoint: readonly string[] }
  const kept = await Promise.all(checkpoint.map(readCheckpoint))
  const verifier = new ChainVerifier({
    kept,
    ...(key.length === 0 ? {} : { fingerprints: key.map((text) => text.replace(/^sha256:/, '')) }),
  })
  let ended = false
  let number = 0
  for await (const line of lines) {
    number += 1
    const piece = read(line, number)
    if (piece.kind === 'end') ended = true
    else if (piece.kind !== 'export') verifier.add(piece)
  }
  // What was broken off says nothing about the log.
  if (!ended) throw new CommandError('the export was broken off: it has no last line', { next: 'export it again' })
  return judged(verifier.end(), place, flags)
}

function read(line: string, number: number): ReturnType<typeof parseLine> {
  try {
    return parseLine(line)
  } catch (cause) {
    throw new CommandError(`line ${number} is none of an export of the audit log`, { kind: 'usage', cause })
  }
}

const checkpointFile = z.object({ document: z.string(), signature: z.string() })

/** @throws CommandError */
async function readCheckpoint(file: string): Promise<Signed> {
  try {
    return checkpointFile.parse(parseForeignJson(await readFile(file, 'utf8'), budgets.fragment))
  } catch (cause) {
    throw new CommandError(`${file} is no checkpoint: berth audit checkpoint -o json makes one`, {
      kind: 'usage',
      cause,
    })
  }
}

/** @throws CommandError when something was found, after saying what */
function judged(verification: Verification, place: string, flags: Flags): Outcome {
  const outcome = { text: presentVerification(verification), json: verification }
  if (verification.findingCount === 0) return outcome
  printOutcome(outcome, flags['output'] as Format)
  throw new CommandError(
    `the audit log of ${place} is not what was sealed: ${counted(verification.findingCount, 'finding')}`,
    {
      next: 'compare with what receivers of the audit log have',
      reason: 'AUDIT_LOG_CHANGED',
    },
  )
}

function presentVerification(verification: Verification): string {
  const { records, purged, late, firstLate, from, through, lastCheckpoint, keys, findings, findingCount } = verification
  return [
    through < from
      ? 'nothing is sealed yet'
      : `links ${from} to ${through}: ${counted(records, 'record')} as sealed, ${purged} purged`,
    ...(lastCheckpoint === undefined
      ? ['no checkpoint was signed yet']
      : [`last checkpoint: ${lastCheckpoint.number}, up to ${lastCheckpoint.sequence}, ${lastCheckpoint.time}`]),
    ...(keys.length === 0 ? [] : [`signed by ${keys.join(', ')}`]),
    ...(late === 0
      ? []
      : [`! ${counted(late, 'record')} sealed long after the time they say, the first at ${firstLate}`]),
    ...findings.map(presentFinding),
    ...(findingCount > findings.length ? [`✗ and ${findingCount - findings.length} more`] : []),
  ].join('\n')
}

const presentFinding = ({ code, sequence, through, detail }: Finding): string =>
  `✗ ${code} at ${sequence}${through === undefined ? '' : ` to ${through}`}: ${detail}`

/** Nothing is left of a file that could not be written to its end. */
async function writeExport(api: RegistryApi, file: string): Promise<number> {
  const output = createWriteStream(file, { flags: 'wx', mode: 0o600 })
  try {
    await once(output, 'open')
    let lines = 0
    for await (const line of exported(api, file.endsWith('.csv') ? 'csv' : 'jsonl')) {
      lines += 1
      if (!output.write(`${line}\n`)) await once(output, 'drain')
    }
    output.end()
    await once(output, 'finish')
    return lines
  } catch (error) {
    output.destroy()
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new CommandError(`${file} is there already`, { kind: 'conflict', cause: error })
    await rm(file, { force: true })
    throw error
  }
}
