import type { Config } from '#server/config/config.ts'
import { availableProcessors } from '#server/config/processors.ts'
import { good, warning, type Finding } from './finding.ts'

/** Whether the processes that serve fit the processors. */
export function checkWorkers({ workers }: Pick<Config, 'workers'>, processors = availableProcessors()): Finding {
  const what = `${workers} ${workers === 1 ? 'process serves' : 'processes serve'} on ${processors} ${processors === 1 ? 'processor' : 'processors'}`
  if (workers <= processors) return good('workers', what)
  return warning('workers', `${what}: more processes only take memory`, [`set workers to ${processors}, or to 0`])
}
