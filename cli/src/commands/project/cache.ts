import { formatBytes } from '../../format-bytes.ts'
import { factsOf } from '../../output.ts'
import type { RegistryCommand } from '../../registry-command.ts'

export const showCache: RegistryCommand = {
  usage: 'cache <project>',
  description: 'how a proxy cache project does: its remote registry, hits and misses',
  example: 'berth project cache hub --days 1',
  configure: (command) => void command.option('--days <count>', 'of how many days the counts are, today included', '7'),
  run: async (api, [name = ''], flags) => {
    const query = { days: Number((flags as { days?: string }).days ?? 7) }
    const params = { project_name_or_id: name }
    const status = await api.call('GET /projects/{project_name_or_id}/proxy-cache', { params, query })
    const { traffic, limit, failure } = status
    const counts = Object.entries(traffic).map(
      ([outcome, { requests, bytes }]) => [outcome, `${requests} (${formatBytes(bytes)})`] as const,
    )
    return factsOf(
      [
        ['registry', `${status.registry.name} (${status.registry.type})`],
        ['state', status.state],
        ['last answer', status.answer_time],
        ['failing since', status.failing_since],
        ['last failure', failure === undefined ? undefined : `${failure.code}: ${failure.message}`],
        ['left alone until', status.retry_time],
        ['pulls left', limit === undefined ? undefined : `${limit.remaining ?? '?'} of ${limit.total ?? '?'}`],
        ['freshness', status.freshness.map(({ pattern, seconds }) => `${pattern}=${seconds}s`).join(', ')],
        ['waiting manifests', status.waiting_manifests],
        ['downloads', status.downloads],
        ...counts,
      ],
      status,
    )
  },
}
