import { randomUUID } from 'node:crypto'
import type { Reader, Writer } from '../../database/database.ts'
import type { ScannerTable } from '../../database/schema/scanning.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { placeIn, sealedColumn } from '../secrets/sealed-column.ts'
import type { Secrets } from '../secrets/secrets.ts'
import type { ScannerAddress } from '../../clients/scanner/scanner-adapter.ts'

export const scannerSecrets = sealedColumn({
  ...{ table: 'scanner', column: 'credential', key: 'id' },
  holds: 'credentials of scanner adapters',
  givenUp: 'emptied',
})

/** Who scans, as people see it: never its credential. */
export interface Scanner {
  /** UUID. */
  readonly id: string
  readonly name: string
  readonly url: string
  readonly description: string
  readonly auth: ScannerTable['auth']
  readonly hasCredential: boolean
  readonly skipsCertificateCheck: boolean
  readonly usesInternalAddress: boolean
  readonly disabled: boolean
  readonly isDefault: boolean
  readonly isBuiltIn: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export const builtInName = 'Berth'
/** No adapter listens there: the engine is a part of the program. */
export const builtInUrl = 'berth://built-in'
/** A project's own choice, in its metadata, as Harbor names it. */
export const projectScannerKey = 'projectScanner'

/** Makes sure that the engine of this program has its registration. It becomes the default when nothing else is. */
export async function ensureBuiltInScanner(tx: Writer, clock: Clock): Promise<void> {
  const known = await tx.selectFrom('scanner').select('id').where('is_built_in', '=', 1).executeTakeFirst()
  if (known !== undefined) return
  const other = await tx.selectFrom('scanner').select('id').where('is_default', '=', 1).executeTakeFirst()
  const now = clock.now()
  await tx
    .insertInto('scanner')
    .values({
      id: randomUUID(),
      name: builtInName,
      url: builtInUrl,
      description: 'The engine of this registry',
      auth: '',
      credential: '',
      skip_certificate_check: 0,
      use_internal_address: 0,
      disabled: 0,
      is_default: other === undefined ? 1 : 0,
      is_built_in: 1,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The scanner that a project chose, else the default; undefined when there is neither. */
export async function findScannerOf(reader: Reader, projectId: number): Promise<Scanner | undefined> {
  const row = await reader
    .selectFrom('scanner')
    .leftJoin('project_metadata', (join) =>
      join
        .onRef('project_metadata.value', '=', 'scanner.id')
        .on('project_metadata.project_id', '=', projectId)
        .on('project_metadata.name', '=', projectScannerKey),
    )
    .selectAll('scanner')
    .where((eb) => eb.or([eb('project_metadata.value', 'is not', null), eb('scanner.is_default', '=', 1)]))
    .orderBy((eb) => eb.case().when('project_metadata.value', 'is not', null).then(0).else(1).end())
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? undefined : scannerOf(row)
}

/** The same for whoever needs one. @throws DomainError PRECONDITION when there is none, or when it is disabled */
export async function getScannerOf(reader: Reader, projectId: number): Promise<Scanner> {
  const scanner = await findScannerOf(reader, projectId)
  if (scanner === undefined) throw new DomainError('PRECONDITION', `no available scanner for project: ${projectId}`)
  if (scanner.disabled) throw new DomainError('PRECONDITION', `scanner ${scanner.name} is deactivated`)
  return scanner
}

export async function findScanner(reader: Reader, id: string): Promise<Scanner | undefined> {
  const row = await reader.selectFrom('scanner').selectAll().where('id', '=', id).executeTakeFirst()
  return row === undefined ? undefined : scannerOf(row)
}

/** Where an adapter listens, with its credential: for what calls it alone. @throws DomainError SECRET_UNREADABLE */
export async function readScannerAddress(
  secrets: Secrets,
  reader: Reader,
  id: string,
): Promise<ScannerAddress | undefined> {
  const row = await reader.selectFrom('scanner').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined || row.is_built_in === 1) return undefined
  return {
    url: row.url,
    auth: row.auth,
    credential: await secrets.open(reader, placeIn(scannerSecrets, id), row.credential),
    insecure: row.skip_certificate_check === 1,
  }
}

export function scannerOf(row: ScannerTable): Scanner {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    description: row.description,
    auth: row.auth,
    hasCredential: row.credential !== '',
    skipsCertificateCheck: row.skip_certificate_check === 1,
    usesInternalAddress: row.use_internal_address === 1,
    disabled: row.disabled === 1,
    isDefault: row.is_default === 1,
    isBuiltIn: row.is_built_in === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
