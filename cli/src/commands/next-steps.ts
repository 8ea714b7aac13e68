import type { Config } from '#server/config/config.ts'
import type { RunningRegistry } from '#server/main.ts'
import { asTyped } from '../as-typed.ts'

const defaultPassword = 'Harbor12345'

/** The next commands for a person who has just started Berth, with the real names. */
export function nextSteps(
  config: Config,
  { urls, defaultPasswordStands }: Pick<RunningRegistry, 'urls' | 'defaultPasswordStands'>,
): string {
  const url = urls[0]!
  const host = new URL(url).host
  const image = `${host}/${config.defaultProject ?? 'library'}/hello:v1`
  const lines = ['', `Berth serves on ${urls.join(' and ')}`, '']
  // Under another name the password of every manual is refused.
  const isAdmitted = defaultPasswordStands && isLoopback(new URL(url).hostname)
  if (!config.open)
    lines.push(`  docker login ${host} -u admin${isAdmitted ? `      # password: ${defaultPassword}` : ''}`)
  lines.push(`  docker tag hello-world ${image}`, `  docker push ${image}`, `  docker pull ${image}`, '')
  if (config.open) {
    lines.push('! There are no accounts: whoever reaches this port may pull, push and delete everything.', '')
  } else if (defaultPasswordStands) {
    lines.push(
      `! The administrator still has the password of every manual (${defaultPassword}), and is admitted from this machine only. Change it:`,
      `    ${asTyped('berth user set-password admin')}`,
      '',
    )
  }
  if (url.startsWith('http:') && !isLoopback(config.http?.host)) {
    lines.push(`  Docker on other machines requires HTTPS: ${asTyped('berth docs tls')}`, '')
  }
  return lines.join('\n')
}

const isLoopback = (host: string | undefined): boolean =>
  host !== undefined && (host.startsWith('127.') || host === '::1' || host === 'localhost')
