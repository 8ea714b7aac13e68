import type { Database, Reader, Writer } from '../../database/database.ts'
import type { Actor } from '../access/actor.ts'
import { currentActor } from '../access/current-actor.ts'
import { assertCanInProject, assertCanInSystem } from '../access/roles/authorise.ts'
import type { Clock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import type { Events } from '../events/events.ts'
import { matching, ordering, type Listed, type Listing, type ListColumns } from '../lists/listing.ts'
import { writeMetadata } from '../projects/project-metadata.ts'
import { findProjectAccessById } from '../projects/project-access.ts'
import { projectScannerKey, scannerOf, type Scanner } from './scanners.ts'

interface Services {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
}

const columns: ListColumns = {
  name: { ref: 'scanner.name', type: 'text' },
  url: { ref: 'scanner.url', type: 'text' },
  description: { ref: 'scanner.description', type: 'text' },
  is_default: { ref: 'scanner.is_default', type: 'flag' },
  create_time: { ref: 'scanner.created_at', type: 'time' },
}

/** The default first, then the newest, unless the client says otherwise. */
export async function pageScanners(
  reader: Reader,
  { conditions, sort, limit, offset }: Listing,
): Promise<Listed<Scanner>> {
  let matched = reader.selectFrom('scanner')
  for (const condition of matching(columns, conditions)) matched = matched.where(condition)
  const { total } = await matched
    .select((eb) => eb.fn.countAll<number | string>().as('total'))
    .executeTakeFirstOrThrow()
  let page = matched.selectAll()
  const usual = [
    { key: 'is_default', descending: true },
    { key: 'create_time', descending: true },
  ]
  for (const { ref, direction } of ordering(columns, sort, usual)) page = page.orderBy(ref, direction)
  const rows = await page.orderBy('scanner.id').limit(limit).offset(offset).execute()
  return { rows: rows.map(scannerOf), total: Number(total) }
}

/** @throws DomainError SCANNER_UNKNOWN, also for one that is disabled; UNAUTHENTICATED, FORBIDDEN */
export async function setDefaultScanner(
  { database, clock, events }: Services,
  actor: Actor,
  id: string,
): Promise<void> {
  await database.write(async (tx) => {
    assertCanInSystem(await currentActor(tx, actor, clock.now()), 'scanner:update')
    const row = await tx.selectFrom('scanner').select(['name', 'disabled']).where('id', '=', id).executeTakeFirst()
    if (row === undefined || row.disabled === 1) {
      throw new DomainError('SCANNER_UNKNOWN', `registration ${id.slice(0, 100)} not found`)
    }
    await tx.updateTable('scanner').set({ is_default: 0 }).where('is_default', '=', 1).execute()
    await tx.updateTable('scanner').set({ is_default: 1, updated_at: clock.now() }).where('id', '=', id).execute()
    await events.record(tx, actor, { type: 'set_default_scanner', scanner: row.name })
  })
}

/** As in Harbor, a scanner that is not there is taken, and stands for the default. @throws DomainError BAD_REQUEST for no name at all */
export async function setProjectScanner(
  { database, clock, events }: Services,
  actor: Actor,
  project: { readonly id: number; readonly name: string },
  id: string,
): Promise<void> {
  if (id === '' || id.length > 64) throw new DomainError('BAD_REQUEST', 'uuid names a scanner')
  await database.write(async (tx) => {
    await assertMayNow(tx, actor, project, clock.now())
    await writeMetadata(tx, project.id, { [projectScannerKey]: id })
    await events.record(tx, actor, {
      type: 'set_project_scanner',
      projectId: project.id,
      project: project.name,
      scanner: id,
    })
  })
}

async function assertMayNow(
  tx: Writer,
  actor: Actor,
  project: { readonly id: number; readonly name: string },
  now: number,
) {
  const current = await currentActor(tx, actor, now)
  const access = await findProjectAccessById({ read: tx }, current, project.id)
  assertCanInProject(current, 'scanner:create', access, project.name)
}
