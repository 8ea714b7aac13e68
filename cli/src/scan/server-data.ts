import type { Severity } from '#server/domain/scanning/advisories.ts'
import type { Finding, Gap, ScanFindings } from '#server/domain/scanning/finding.ts'
import { byImportance } from '#server/domain/scanning/matching/match-inventory.ts'
import { dataTimeOf } from '#server/domain/scanning/data/data-age.ts'
import type { FoundPackage, Inventory, OperatingSystem } from '#server/domain/scanning/inventory.ts'
import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { noData } from './scan-data.ts'

type Answer = AnswerOf<'POST /system/vulnerability-data/match'>

/** As many as the registry takes at once. */
const packagesAtOnce = 500

export interface ServerFindings {
  readonly scan: ScanFindings
  /** When the oldest source with advisories was published; empty when one does not say. */
  readonly dataTime: string
}

/** Findings of everything that was found here, by the data there. Bytes of the image stay here. @throws CommandError */
export async function matchOnServer(
  api: RegistryApi,
  inventory: Inventory,
  withDevelopment: boolean,
): Promise<ServerFindings> {
  const packages = inventory.packages.filter(({ development }) => withDevelopment || development !== true)
  const answers: { readonly packages: readonly FoundPackage[]; readonly answer: Answer }[] = []
  const waiting = piecesOf(packages)
  for (let piece = waiting.shift(); piece !== undefined; piece = waiting.shift()) {
    const answer = await match(api, inventory, piece)
    if (answer !== undefined) answers.push({ packages: piece, answer })
    else waiting.unshift(piece.slice(0, piece.length >> 1), piece.slice(piece.length >> 1))
  }
  const last = answers.at(-1)!.answer
  return {
    scan: {
      ...(inventory.os === undefined ? {} : { os: inventory.os }),
      findings: answers.flatMap(findingsIn).toSorted(byImportance),
      gaps: [...inventory.unread.map((unread): Gap => ({ code: 'UNREAD', unread })), ...gapsIn(answers, inventory.os)],
      generation: last.generation,
    },
    dataTime: dataTimeOf(last.sources.map(({ data_time: dataTime, ...each }) => ({ ...each, dataTime }))),
  }
}

function piecesOf(packages: readonly FoundPackage[]): (readonly FoundPackage[])[] {
  const pieces: (readonly FoundPackage[])[] = []
  for (let at = 0; at === 0 || at < packages.length; at += packagesAtOnce) {
    pieces.push(packages.slice(at, at + packagesAtOnce))
  }
  return pieces
}

/** Undefined when the answer would be too long. */
async function match(
  api: RegistryApi,
  { os, contentSets, nvrs }: Inventory,
  packages: readonly FoundPackage[],
): Promise<Answer | undefined> {
  try {
    return await api.call('POST /system/vulnerability-data/match', {
      body: {
        ...(os === undefined ? {} : { system: os }),
        ...(contentSets === undefined ? {} : { content_sets: [...contentSets] }),
        ...(nvrs === undefined ? {} : { nvrs: [...nvrs] }),
        packages: packages.map((found) => ({
          kind: found.kind,
          name: found.name,
          version: found.version,
          ...(found.sourceName === undefined ? {} : { source_name: found.sourceName }),
          ...(found.sourceVersion === undefined ? {} : { source_version: found.sourceVersion }),
          ...(found.architecture === undefined ? {} : { architecture: found.architecture }),
          ...(found.modularity === undefined ? {} : { modularity: found.modularity }),
        })),
      },
    })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (packages.length > 1 && error.message.includes('send fewer at once')) return undefined
    if (error.message.includes('no vulnerability data') || error.reason === 'VULNERABILITY_DATA_TOO_OLD')
      throw noData(error.message)
    throw error
  }
}

function findingsIn({ packages, answer }: { packages: readonly FoundPackage[]; answer: Answer }): Finding[] {
  const details = new Map(answer.details.map((each) => [each.id, each]))
  return answer.findings.flatMap((each): Finding[] => {
    const found = packages[each.package]
    if (found === undefined) return []
    const detail = details.get(each.id)
    return [
      {
        id: each.id,
        aliases: each.aliases,
        package: found,
        fixVersion: each.fix_version,
        status: each.status as Finding['status'],
        severity: each.severity as Severity,
        severitySource: each.severity_source,
        ...(detail === undefined
          ? {}
          : {
              detail: {
                id: each.id,
                aliases: [],
                title: detail.title,
                description: detail.description,
                severity: each.severity as Severity,
                vendorSeverity: {},
                cvss: {},
                cweIds: [],
                references: detail.references,
                ...(detail.published === undefined ? {} : { published: detail.published }),
              },
            }),
        ...(each.allowlisted
          ? { suppressed: { by: 'the registry', status: 'ignored' as const, reason: 'allowlist of the registry' } }
          : {}),
      },
    ]
  })
}

function gapsIn(answers: readonly { readonly answer: Answer }[], os: OperatingSystem | undefined): Gap[] {
  const kinds = new Map<FoundPackage['kind'], number>()
  const ofSystem = new Set<string>()
  for (const { code, kind, packages = 0 } of answers.flatMap(({ answer }) => answer.gaps)) {
    if (kind === undefined) ofSystem.add(code)
    else kinds.set(kind, (kinds.get(kind) ?? 0) + packages)
  }
  return [
    ...(['NO_DATA_FOR_SYSTEM', 'END_OF_LIFE'] as const).flatMap((code): Gap[] =>
      os !== undefined && ofSystem.has(code) ? [{ code, os }] : [],
    ),
    ...[...kinds].map(([kind, packages]): Gap => ({ code: 'NO_DATA_FOR_KIND', kind, packages })),
  ]
}
