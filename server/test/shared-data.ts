import { join } from 'node:path'

/** Data that lies beside the checkout, of formats and their test suites; a test without it is skipped loudly. */
export const sharedData = join(import.meta.dir, '..', '..', '..', 'shared', 'data')
