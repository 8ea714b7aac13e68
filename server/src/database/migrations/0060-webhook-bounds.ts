import { sql } from 'kysely'
import type { Writer } from '../database.ts'
import type { Migration } from '../migrate.ts'

/** Deliveries that were given up are counted every few seconds: the index is as small as they are few. */
export const webhookBounds: Migration = {
  name: '0060-webhook-bounds',
  async up(tx: Writer) {
    await sql`create index webhook_delivery_given_up on webhook_delivery (policy_id, id) where status = 'error'`.execute(
      tx,
    )
  },
}
