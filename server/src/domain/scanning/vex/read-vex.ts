import { parseForeignJson, type TextBudget } from '#contract/budget.ts'
import { stringAt, tableAt, type Table } from '../detection/formats/json.ts'
import { Unreadable } from '../detection/verdict.ts'
import { isCsaf, readCsaf } from './read-csaf.ts'
import { isCycloneDxVex, readCycloneDxVex } from './read-cyclonedx-vex.ts'
import { isOpenVex, readOpenVex } from './read-openvex.ts'
import { comparable, type VexDocument, type VexStatement } from './vex-statement.ts'

export const vexBudget: TextBudget = {
  subject: 'the VEX document',
  maxBytes: 32 * 1024 * 1024,
  maxDepth: 64,
  maxValues: 3_000_000,
}

/**
 * OpenVEX, CSAF or CycloneDX, also as the predicate of an in-toto statement. A signature is not checked here.
 * @throws Unreadable UNSUPPORTED; ContractError TEXT_INVALID
 */
export function readVex(written: string | Uint8Array): VexDocument {
  const document = parseForeignJson(written, vexBudget)
  const inner: Table = stringAt(document, 'predicateType') === '' ? (document as Table) : tableAt(document, 'predicate')
  if (isOpenVex(inner)) return documentOf('openvex', readOpenVex(inner))
  if (isCsaf(inner)) return documentOf('csaf', readCsaf(inner))
  if (isCycloneDxVex(inner)) return documentOf('cyclonedx', readCycloneDxVex(inner))
  throw new Unreadable('UNSUPPORTED', 'it is no VEX document that is known: OpenVEX, CSAF 2.0, or CycloneDX')
}

function documentOf(format: VexDocument['format'], all: readonly VexStatement[]): VexDocument {
  const statements = all.flatMap((each) => comparable(each) ?? [])
  return { format, statements, passedOver: all.length - statements.length }
}
