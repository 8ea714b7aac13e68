import { budgets, parseForeignJson } from '#contract/budget.ts'
import { localAddress, type Port } from './check-ports.ts'
import { good, problem, warning, type Finding } from './finding.ts'

/** As `/ready` answers. */
interface Readiness {
  readonly status: 'ok' | 'degraded' | 'unavailable' | 'draining'
  readonly checks?: Readonly<Record<string, string>>
  readonly remedy?: string
}

const timeoutMs = 5_000

/** What the registry that runs says of itself: it may see what a look from outside does not. */
export async function checkReady({ host, port, secure }: Port): Promise<Finding[]> {
  const address = localAddress(host)
  const name = address.includes(':') ? `[${address}]` : address
  const url = `${secure ? 'https' : 'http'}://${name}:${port}/ready`
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      tls: { rejectUnauthorized: false }, // the certificate has checks of its own
    })
    // A port of plain HTTP that only leads to HTTPS.
    if (answer.status !== 200 && answer.status !== 503) return []
    return [judgeReadiness(parseForeignJson(await answer.text(), budgets.remoteAnswer) as Readiness)]
  } catch (error) {
    return [warning('ready', `the registry does not say whether it can serve: ${(error as Error).message}`)]
  }
}

export function judgeReadiness({ status, checks = {}, remedy }: Readiness): Finding {
  if (status === 'ok') return good('ready', 'the registry can serve')
  if (status === 'draining') return warning('ready', 'the registry is about to end')
  const ill = Object.entries(checks).filter(([, check]) => check !== 'ok')
  const parts = ill.map(([part, check]) => `${part}: ${check}`).join(', ')
  const remedies = [remedy ?? 'the log has the reason: journalctl -u berth, or the log of the container']
  return status === 'degraded'
    ? warning('ready', `pulls go on, pushes are refused: ${parts}`, remedies)
    : problem('ready', `the registry cannot serve: ${parts}`, remedies)
}
