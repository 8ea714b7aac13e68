import type { Migration } from '../migrate.ts'
import { foundation } from './0001-foundation.ts'
import { restApi } from './0002-rest-api.ts'

/** In the order in which they are applied. */
export const migrations: readonly Migration[] = [foundation, restApi]
