import type { Reader } from '../../database/database.ts'
import { preparedQuery } from '../../database/prepared.ts'

const dayMs = 24 * 60 * 60_000

const keys = ['quarantine', 'quarantine_days', 'quarantine_end'] as const

const findValues = preparedQuery<{ projectId: number }, { name: string; value: string }>((db, param) =>
  db
    .selectFrom('project_metadata')
    .select(['name', 'value'])
    .where('project_id', '=', param('projectId'))
    .where('name', 'in', keys),
)

/** What a project wants of what is pushed to it. */
export interface QuarantineSettings {
  readonly isOn: boolean
  /** How long something may lie in quarantine; undefined: without a limit. */
  readonly limitMs: number | undefined
}

export async function readQuarantineSettings(reader: Reader, projectId: number): Promise<QuarantineSettings> {
  const rows = await findValues.all(reader, { projectId })
  const values = new Map(rows.map(({ name, value }) => [name, value]))
  const days = Number(values.get('quarantine_days') ?? 0)
  return { isOn: values.get('quarantine') === 'true', limitMs: days > 0 ? days * dayMs : undefined }
}
