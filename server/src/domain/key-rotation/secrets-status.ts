import type { Reader } from '../../database/database.ts'
import { keyIdOf } from '../secrets/envelope.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { sealedColumns } from './sealed-columns.ts'
import { partsOf, walkSealedRows } from './sealed-rows.ts'

/** The keys of a registry, and what each column with secrets holds. */
export interface SecretsStatus {
  /** Of this process, the one that seals first. */
  readonly outerKeys: readonly { readonly id: string; readonly needed: boolean }[]
  readonly keys: readonly {
    readonly id: string
    readonly outerKeyId: string
    readonly createdAt: number
    readonly retiredAt: number | undefined
    readonly secrets: number
  }[]
  readonly places: readonly {
    readonly table: string
    readonly holds: string
    readonly secrets: number
    /** Not sealed: it was put there beside this program. */
    readonly plain: number
    readonly unreadable: number
  }[]
}

/** Opens every secret once, so its cost grows with their number. */
export async function readSecretsStatus(reader: Reader, secrets: Secrets): Promise<SecretsStatus> {
  const rows = await reader.selectFrom('secret_key').selectAll().orderBy('created_at', 'desc').orderBy('id').execute()
  const perKey = new Map(rows.map(({ id }) => [id, 0]))
  const places: SecretsStatus['places'][number][] = []
  for (const column of sealedColumns) {
    const place = { table: column.table, holds: column.holds, secrets: 0, plain: 0, unreadable: 0 }
    for await (const row of walkSealedRows(reader, column)) {
      for (const part of partsOf(column, row)) {
        place.secrets += 1
        const id = keyIdOf(part.stored)
        if (id === undefined) place.plain += 1
        else if (!(await secrets.opens(reader, part.place, part.stored))) place.unreadable += 1
        if (id !== undefined) perKey.set(id, (perKey.get(id) ?? 0) + 1)
      }
    }
    places.push(place)
  }
  const needed = new Set(rows.map(({ outer_key_id: id }) => id))
  return {
    outerKeys: secrets.outerKeys.map(({ id }) => ({ id, needed: needed.has(id) })),
    keys: rows.map((row) => ({
      ...{ id: row.id, outerKeyId: row.outer_key_id, createdAt: row.created_at },
      ...{ retiredAt: row.retired_at ?? undefined, secrets: perKey.get(row.id) ?? 0 },
    })),
    places,
  }
}
