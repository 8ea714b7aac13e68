import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { InvalidArgumentError, Option, type Command } from 'commander'
import type { Config } from '#server/config/config.ts'
import { systemClock } from '#server/domain/clock.ts'
import { severities, type Severity } from '#server/domain/scanning/advisories.ts'
import { Unreadable } from '#server/domain/scanning/detection/verdict.ts'
import type { Finding, ScanFindings } from '#server/domain/scanning/finding.ts'
import type { Inventory } from '#server/domain/scanning/inventory.ts'
import { matchInventory } from '#server/domain/scanning/matching/match-inventory.ts'
import { isCounted, sayGap, type ScanReport } from '#server/domain/scanning/reports/scan-report.ts'
import { applyVex } from '#server/domain/scanning/vex/apply-vex.ts'
import { readVex } from '#server/domain/scanning/vex/read-vex.ts'
import type { VexDocument } from '#server/domain/scanning/vex/vex-statement.ts'
import { version } from '#server/version.ts'
import { asTyped } from '../as-typed.ts'
import { openRegistryAt } from '../api/choose-registry.ts'
import { CommandError } from '../command-error.ts'
import { exitCodeOf, kindOfError } from '../exit-codes.ts'
import { collect } from '../flag-values.ts'
import { applyIgnoreFile, parseIgnoreFile } from '../scan/ignore-file.ts'
import { reportFormats, writeReport, type ReportFormat } from '../scan/present-scan.ts'
import { matchOnServer, type ServerFindings } from '../scan/server-data.ts'
import { assertFresh, noDataReason, openScanData } from '../scan/scan-data.ts'
import { readTarget, type ScannedTarget } from '../scan/scan-target.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'

interface Flags {
  readonly db?: string
  readonly server?: string
  readonly format: ReportFormat
  readonly file?: string
  readonly failOn?: Severity
  readonly ignoreUnfixed?: true
  readonly ignorefile?: string
  readonly vex: readonly string[]
  readonly maxDataAge?: number
  readonly allowGaps?: true
  readonly withDevelopment?: true
  readonly platform?: string
  readonly ca?: string
  readonly insecure?: true
}

const standardIgnoreFile = '.trivyignore'

export function registerScanCommand(program: Command): void {
  const command = addSettingFlags(program.command('scan'), { showAll: false })
    .description('find known vulnerabilities in an image, a folder or a bill of materials, without a server')
    .argument('<target>', 'an archive, an OCI layout, a folder, an SBOM, or registry.example.com/library/app:1.0')
    .option('--db <file>', 'vulnerability data for this scan: whatever berth db import takes')
    .option(
      '--server <url>',
      'match with the vulnerability data and the allowlist of this registry; the image stays here',
    )
    .addOption(new Option('-f, --format <format>', 'form of the report').choices(reportFormats).default('table'))
    .option('--file <path>', 'write the report there; the table is printed as well')
    .option('--fail-on <severity>', 'end with 1 for a finding of this severity or a higher one', parseSeverity)
    .option('--ignore-unfixed', 'leave out what no version fixes')
    .option('--ignorefile <path>', `ids that do not count (default: ${standardIgnoreFile}, where there is one)`)
    .option('--vex <file>', 'statements that do not concern: OpenVEX, CSAF, CycloneDX; may be repeated', collect, [])
    .option('--max-data-age <days>', 'end with 4 when vulnerability data is older', parseDays)
    .option('--allow-gaps', 'end with 0 although parts could not be judged')
    .option('--with-development', 'packages that a lock file has for development count too')
    .option('--platform <platform>', 'of an image for several: linux/arm64')
    .option('--ca <file>', 'PEM file of the authority that signed the certificate of the registry')
    .option('--insecure', 'take any certificate of the registry')
    .addHelpText('after', () => asTyped(helpText))
  command.action((target: string, flags: Flags) => scan(command, target, flags))
}

const helpText = `
Ends with 0 when nothing speaks against the image, 1 when --fail-on finds something, 2 for a wrong command line, 3 when
the target or a part of it could not be looked into, 4 without vulnerability data, or with data that is too old.

Examples:
  berth scan app.tar --fail-on high
  berth scan . --db trivy-db.tar.gz --format sarif --file findings.sarif
  berth scan registry.example.com/library/app:1.0 --vex vex.json --max-data-age 7`

async function scan(command: Command, target: string, flags: Flags): Promise<void> {
  const { config } = loadConfigFor(command)
  const now = systemClock.now()
  await using owned = new AsyncDisposableStack()
  const ignored = readIgnoreFile(flags)
  const documents = flags.vex.map(readVexFile)
  const match = await openMatcher(config, flags, owned, now)
  const scanned = await readTarget(config, target, {
    platform: flags.platform,
    ca: flags.ca,
    insecure: flags.insecure === true,
  }).catch((error: unknown) => {
    throw asScanFailure(target, error)
  })
  const created = new Date(now).toISOString()
  const matched = await match(scanned.inventory)
  assertFresh(matched.dataTime, flags.maxDataAge, now)
  const judged = {
    ...matched.scan,
    findings: judge(matched.scan.findings, { scanned, flags, documents, ignored, now }),
  }
  const origin = { created: `${created.slice(0, 19)}Z`, uuid: randomUUID(), toolVersion: version }
  const report: ScanReport = { ...scanned, scan: judged, dataTime: matched.dataTime, origin }
  print(report, flags)
  sayUnrated(judged.findings, flags)
  process.exitCode = exitCodeFor(judged, flags)
}

type Matcher = (inventory: Inventory) => Promise<ServerFindings>

/** Data that is too old is refused before anything is read, where its age is known by then. */
async function openMatcher(config: Config, flags: Flags, owned: AsyncDisposableStack, now: number): Promise<Matcher> {
  const withDevelopment = flags.withDevelopment === true
  if (flags.server !== undefined) {
    if (flags.db !== undefined) throw new CommandError('--db and --server both name data: give one', { kind: 'usage' })
    const api = owned.use(await openRegistryAt(flags.server, flags).catch(asServerFailure))
    return async (inventory) => await matchOnServer(api, inventory, withDevelopment).catch(asServerFailure)
  }
  const source = await openScanData(config, flags.db, owned)
  const { dataTime } = source.generation
  assertFresh(dataTime, flags.maxDataAge, now)
  const options = { now: new Date(now).toISOString(), withDevelopment }
  return async (inventory) => ({ scan: matchInventory(inventory, source, options), dataTime })
}

/** A server that does not answer is a scan that failed: only a wrong command line and missing data have codes of their own. */
function asServerFailure(error: unknown): never {
  if (!(error instanceof CommandError) || error.kind === 'usage' || error.reason === noDataReason) throw error
  const { message, next, reason } = error
  throw new CommandError(message, {
    kind: 'incomplete',
    reason: reason ?? error.kind,
    cause: error,
    ...(next === undefined ? {} : { next }),
  })
}

interface Judging {
  readonly scanned: ScannedTarget
  readonly flags: Flags
  readonly documents: readonly VexDocument[]
  readonly ignored: ReturnType<typeof readIgnoreFile>
  readonly now: number
}

function judge(findings: readonly Finding[], { scanned, flags, documents, ignored, now }: Judging): readonly Finding[] {
  const wanted = flags.ignoreUnfixed === true ? findings.filter(({ fixVersion }) => fixVersion !== '') : findings
  const left = findings.length - wanted.length
  if (left > 0) console.error(`berth: ${left} findings without a fixed version are left out (--ignore-unfixed)`)
  return applyIgnoreFile(applyVex(wanted, documents, scanned.subject), ignored.ids, { file: ignored.file, now })
}

function readIgnoreFile({ ignorefile }: Flags) {
  const file = ignorefile ?? standardIgnoreFile
  if (!existsSync(file)) {
    if (ignorefile !== undefined) throw new CommandError(`${file} is not there`, { kind: 'usage' })
    return { file, ids: [] }
  }
  return { file, ids: parseIgnoreFile(readFileSync(file, 'utf8')) }
}

function readVexFile(file: string): VexDocument {
  if (!existsSync(file)) throw new CommandError(`${file} is not there`, { kind: 'usage' })
  try {
    const document = readVex(readFileSync(file))
    if (document.passedOver > 0) {
      console.error(
        `berth: ${file}: ${document.passedOver} statements name no package URL and no digest, and count for nothing`,
      )
    }
    return document
  } catch (error) {
    throw new CommandError(`${file}: ${(error as Error).message}`, { kind: 'usage', cause: error })
  }
}

/** Whatever kept the scan from being made is one kind here, so that a pipeline can tell it from a finding. */
function asScanFailure(target: string, error: unknown): unknown {
  if (error instanceof CommandError) return error
  const message = error instanceof Error ? error.message : String(error)
  const reason = error instanceof Unreadable ? error.code : kindOfError(error)
  return new CommandError(`${target} could not be scanned: ${message}`, { kind: 'incomplete', reason, cause: error })
}

function print(report: ScanReport, { format, file }: Flags): void {
  const written = writeReport(report, format)
  if (file !== undefined) writeFileSync(file, written)
  process.stdout.write(file === undefined ? written : writeReport(report, 'table'))
  if (format !== 'table' && file === undefined) {
    for (const gap of report.scan.gaps) console.error(`berth: ${sayGap(gap)}`)
  }
}

/** Some sources publish no severities: whoever sets a limit must know what it is not applied to. */
function sayUnrated(findings: readonly Finding[], { failOn }: Flags): void {
  if (failOn === undefined || failOn === 'Unknown') return
  const unrated = findings.filter(isCounted).filter(({ severity }) => severity === 'Unknown').length
  if (unrated === 0) return
  console.error(
    `berth: ${unrated} findings have no severity in this data, so that --fail-on ${failOn.toLowerCase()} passes them over; --fail-on unknown counts them`,
  )
}

/** A finding that the policy forbids is certain, whatever else could not be judged. */
export function exitCodeFor(
  { findings, gaps }: ScanFindings,
  { failOn, allowGaps }: Pick<Flags, 'failOn' | 'allowGaps'>,
): number {
  const isForbidden = ({ severity }: Finding) =>
    failOn !== undefined && severities.indexOf(severity) >= severities.indexOf(failOn)
  if (findings.filter(isCounted).some(isForbidden)) return exitCodeOf('failed')
  if (allowGaps === true) return exitCodeOf('done')
  if (gaps.some(({ code }) => code === 'UNREAD')) return exitCodeOf('incomplete')
  const isWithoutData = gaps.some(({ code }) => code === 'NO_DATA_FOR_SYSTEM' || code === 'NO_DATA_FOR_KIND')
  return exitCodeOf(isWithoutData ? 'not-found' : 'done')
}

function parseSeverity(text: string): Severity {
  const found = severities.find((each) => each.toLowerCase() === text.toLowerCase())
  if (found === undefined) throw new InvalidArgumentError(`It is one of ${severities.join(', ').toLowerCase()}.`)
  return found
}

function parseDays(text: string): number {
  const days = /^(\d{1,5})d?$/.exec(text)?.[1]
  if (days === undefined) throw new InvalidArgumentError('It is a number of days.')
  return Number(days)
}
