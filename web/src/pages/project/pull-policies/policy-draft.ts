import { parseSize } from '../../../i18n/format.ts'
import type { Condition, PolicyBody } from './policy-api.ts'

/** In the order in which they are offered. */
export const conditionKinds = ['vulnerabilities', 'scanned', 'signed', 'licences', 'age', 'size'] as const
export const modes = ['enforce', 'warn', 'audit', 'off'] as const
export const severities = ['low', 'medium', 'high', 'critical'] as const

/** What the editor has. Fields of other kinds keep what was written, and are not sent. */
export interface PolicyDraft {
  name: string
  mode: (typeof modes)[number]
  repositories: string
  tags: string
  kind: Condition['kind']
  maxAgeDays: string
  complete: boolean
  severity: '' | (typeof severities)[number]
  knownExploited: boolean
  /** Of a hundred. */
  minEpss: string
  fixable: boolean
  graceDays: string
  method: '' | 'cosign' | 'notation'
  signers: string[]
  match: 'any' | 'all'
  denied: string
  maxDays: string
  maxSize: string
}

export const emptyDraft: PolicyDraft = {
  ...{ name: '', mode: 'enforce', repositories: '**', tags: '**', kind: 'vulnerabilities' },
  ...{ maxAgeDays: '', complete: false },
  ...{ severity: 'critical', knownExploited: false, minEpss: '', fixable: false, graceDays: '' },
  ...{ method: '', signers: [], match: 'any', denied: '', maxDays: '', maxSize: '' },
}

export function draftOf({ name, mode, repositories, tags, condition }: PolicyBody): PolicyDraft {
  const common = { name, mode, repositories: repositories ?? '**', tags: tags ?? '**', kind: condition.kind }
  return { ...emptyDraft, ...common, ...fieldsOf(condition) }
}

const textOf = (value: number | undefined): string => (value === undefined ? '' : String(value))

function fieldsOf(condition: Condition): Partial<PolicyDraft> {
  switch (condition.kind) {
    case 'scanned':
      return { maxAgeDays: textOf(condition.max_age_days), complete: condition.complete ?? false }
    case 'vulnerabilities':
      return {
        severity: condition.severity ?? '',
        knownExploited: condition.known_exploited ?? false,
        minEpss: condition.min_epss === undefined ? '' : String(Number((condition.min_epss * 100).toFixed(4))),
        fixable: condition.fixable ?? false,
        graceDays: textOf(condition.grace_days),
      }
    case 'signed':
      return {
        method: condition.method ?? '',
        signers: [...(condition.signers ?? [])],
        match: condition.match ?? 'any',
      }
    case 'licences':
      return { denied: condition.denied.join(', ') }
    case 'age':
      return { maxDays: textOf(condition.max_days) }
    case 'size':
      return { maxSize: sizeText(condition.max_bytes) }
  }
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** The largest unit that loses nothing. */
function sizeText(bytes: number): string {
  let unit = 0
  let value = bytes
  while (unit < units.length - 1 && value % 1024 === 0) {
    value /= 1024
    unit += 1
  }
  return `${value} ${units[unit]}`
}

/** SPDX ids, in whatever way they are set apart. */
export const licencesIn = (text: string): string[] => [
  ...new Set(text.split(/[\s,;，；、]+/).filter((each) => each !== '')),
]

/** The policy as the API takes it. What is wrong with a number is the API's to say where `wrongFields` says nothing. */
export function policyOf(draft: PolicyDraft): PolicyBody {
  const { name, mode, repositories, tags } = draft
  return {
    name: name.trim(),
    mode,
    repositories: repositories.trim() || '**',
    tags: tags.trim() || '**',
    condition: conditionOf(draft),
  }
}

function conditionOf(draft: PolicyDraft): Condition {
  const { kind, complete, severity, knownExploited, minEpss, fixable, method, signers, match } = draft
  switch (kind) {
    case 'scanned':
      return { kind, ...number('max_age_days', draft.maxAgeDays), ...(complete ? { complete } : {}) }
    case 'vulnerabilities':
      return {
        kind,
        ...(severity === '' ? {} : { severity }),
        ...(knownExploited ? { known_exploited: true } : {}),
        ...(minEpss.trim() === '' ? {} : { min_epss: Number(minEpss) / 100 }),
        ...(fixable ? { fixable } : {}),
        ...number('grace_days', draft.graceDays),
      }
    case 'signed':
      return {
        kind,
        ...(method === '' ? {} : { method }),
        ...(signers.length === 0 ? {} : { signers }),
        ...(signers.length < 2 ? {} : { match }),
      }
    case 'licences':
      return { kind, denied: licencesIn(draft.denied) }
    case 'age':
      return { kind, max_days: Number(draft.maxDays) }
    case 'size':
      return { kind, max_bytes: parseSize(draft.maxSize) ?? 0 }
  }
}

const number = <Name extends string>(name: Name, text: string) =>
  text.trim() === '' ? {} : ({ [name]: Number(text) } as { readonly [Key in Name]: number })

/** Fields of the draft that say nothing that could be sent, each with the limits of its number. */
export function wrongFields(
  draft: PolicyDraft,
): ReadonlyMap<keyof PolicyDraft, 'name' | 'required' | 'number' | 'size'> {
  const wrong = new Map<keyof PolicyDraft, 'name' | 'required' | 'number' | 'size'>()
  if (draft.name.trim() === '') wrong.set('name', 'required')
  else if (!/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/.test(draft.name.trim())) wrong.set('name', 'name')
  const isWhole = (text: string, max: number) =>
    /^\d{1,9}$/.test(text.trim()) && Number(text) >= 1 && Number(text) <= max
  const perhaps = (field: 'maxAgeDays' | 'graceDays', max: number) => {
    if (draft[field].trim() !== '' && !isWhole(draft[field], max)) wrong.set(field, 'number')
  }
  switch (draft.kind) {
    case 'scanned':
      perhaps('maxAgeDays', 3_650)
      break
    case 'vulnerabilities': {
      perhaps('graceDays', 365)
      const percent = draft.minEpss.trim() === '' ? 0 : Number(draft.minEpss)
      if (!(percent >= 0 && percent <= 100)) wrong.set('minEpss', 'number')
      break
    }
    case 'licences':
      if (licencesIn(draft.denied).length === 0) wrong.set('denied', 'required')
      break
    case 'age':
      if (!isWhole(draft.maxDays, 3_650)) wrong.set('maxDays', 'number')
      break
    case 'size':
      if ((parseSize(draft.maxSize) ?? 0) < 1) wrong.set('maxSize', 'size')
      break
    case 'signed':
      break
  }
  return wrong
}
