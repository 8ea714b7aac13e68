import type { Config } from '../config/config.ts'

/** Whether other processes may serve the same database and store: replicas can be anywhere. */
export function isServedByMany(config: Config): boolean {
  return config.database.kind === 'postgres'
}
