import type { Logger } from '../logging.ts'
import type { Exchange } from './router.ts'

/** Who sends more decides how long it takes. */
const mostSentBytes = 64 * 1024
const maxSqlLength = 500

/** A line for each request that was answered late, with what the database took of it. `slowMs` 0: none. */
export function composeSlowRequestLog(logger: Pick<Logger, 'warn'>, slowMs: number): (exchange: Exchange) => void {
  if (slowMs === 0) return () => {}
  return ({ answeredMs, bytesIn, statements, operation, requestId, place }) => {
    if (answeredMs < slowMs || bytesIn > mostSentBytes) return
    const slowest = statements?.slowest.map(({ sql, ms }) => ({ ms: rounded(ms), sql: sql.slice(0, maxSqlLength) }))
    logger.warn(
      {
        ...{ operation, requestId, answeredMs: rounded(answeredMs), ...place },
        ...{
          statements: statements?.count ?? 0,
          statementMs: rounded(statements?.totalMs ?? 0),
          slowest: slowest ?? [],
        },
      },
      'slow request',
    )
  }
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100
