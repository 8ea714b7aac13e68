import type { Database } from '../../database/database.ts'
import type { Clock } from '../clock.ts'
import type { Events } from '../events/events.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { RegistrySettings } from '../policies/gates.ts'
import { RetentionExecutions } from './executions.ts'
import { RetentionPolicies } from './policies.ts'

export interface Retention {
  readonly policies: RetentionPolicies
  readonly executions: RetentionExecutions
}

export function composeRetention(services: {
  readonly database: Database
  readonly clock: Clock
  readonly events: Events
  readonly jobs: Jobs
  readonly settings: RegistrySettings
}): Retention {
  const policies = new RetentionPolicies(services)
  return { policies, executions: new RetentionExecutions({ ...services, policies }) }
}
