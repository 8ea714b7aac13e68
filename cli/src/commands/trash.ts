import { counted } from '../counted.ts'
import type { RegistryApi } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { formatBytes } from '../format-bytes.ts'
import { parseId, shortDigest } from '../names.ts'
import type { Outcome } from '../output.ts'
import { done, listCommand, type CommandGroup } from '../registry-command.ts'

export const trashCommands: CommandGroup = {
  name: 'trash',
  description: 'what was deleted and can be had back',
  commands: [
    listCommand({
      usage: 'list <project>',
      description: 'list what was deleted from a project, the newest first',
      example: 'berth trash list backend --repository backend/api',
      operation: 'GET /projects/{project_name_or_id}/trash',
      configure: (command) => void command.option('--repository <repository>', 'only of this one'),
      input: ([project = ''], flags) => ({
        params: { project_name_or_id: project },
        query: { repository: flags['repository'] as string | undefined },
      }),
      columns: {
        ID: ({ id }) => id,
        KIND: ({ kind }) => kind,
        REPOSITORY: (entry) => entry.repository_name,
        DIGEST: ({ digest }) => shortDigest(digest),
        TAGS: ({ tags }) => tags.map(({ name }) => name).join(', '),
        SIZE: ({ size }) => formatBytes(size),
        DELETED: (entry) => entry.deletion_time,
        BY: (entry) => entry.deleted_by,
        '*UNTIL': (entry) => entry.expiration_time,
      },
    }),
    {
      usage: 'restore <project> [entry]',
      description:
        'restore one thing by its id, with --repository what was deleted from a repository, with --run what a run did',
      example:
        'berth trash restore backend 17\n  berth trash restore backend --repository backend/api\n  berth trash restore backend --run 4',
      configure: (command) =>
        void command
          .option('--repository <repository>', 'everything of this one')
          .option('--run <id>', 'everything that this run of the retention policy deleted (berth retention runs)')
          .option('--overwrite', 'take tags back that name something else now'),
      run: async (api, [project = '', entry], flags) => {
        const overwrite = flags['overwrite'] === true
        const { repository, run } = flags as { repository?: string; run?: string }
        if ([entry, repository, run].filter((each) => each !== undefined).length !== 1) throw whatIsRestored()
        if (entry !== undefined)
          return await restoreOne(api, project, parseId(entry, 'an entry of the trash'), overwrite)
        if (run !== undefined) return await restoreRun(api, project, parseId(run, 'a run'), overwrite)
        return await restoreRepository(api, project, repository ?? '', overwrite)
      },
    },
    {
      usage: 'delete <project> <entry>',
      description: 'forget one thing that was deleted, for good',
      example: 'berth trash delete backend 17',
      configure: addConfirmFlag,
      run: async (api, [project = '', entry = ''], flags) => {
        const params = { project_name_or_id: project, entry_id: parseId(entry, 'an entry of the trash') }
        const found = await api.call('GET /projects/{project_name_or_id}/trash/{entry_id}', { params })
        await confirm(`${found.kind} ${found.digest} of ${found.repository_name} goes for good from ${api.name}`, flags)
        const { entries } = await api.call('DELETE /projects/{project_name_or_id}/trash/{entry_id}', { params })
        return done(`forgot ${counted(entries, 'entry', 'entries')}`, { entries })
      },
    },
    {
      usage: 'empty [project]',
      description: 'empty the trash of a project, or with --all of every project: for good',
      example: 'berth trash empty backend',
      configure: (command) => {
        command.option('--all', 'of every project')
        addConfirmFlag(command)
      },
      run: async (api, [project], flags) => {
        if ((project === undefined) !== (flags['all'] === true))
          throw new CommandError('whose trash?', { next: 'name a project, or --all', kind: 'usage' })
        await confirm(`everything in the trash of ${project ?? 'every project'} goes for good from ${api.name}`, flags)
        const { entries } =
          project === undefined
            ? await api.call('DELETE /system/trash')
            : await api.call('DELETE /projects/{project_name_or_id}/trash', { params: { project_name_or_id: project } })
        return done(`forgot ${counted(entries, 'entry', 'entries')}`, { entries })
      },
    },
  ],
}

async function restoreOne(api: RegistryApi, project: string, entry: number, overwrite: boolean): Promise<Outcome> {
  const restored = await api.call('POST /projects/{project_name_or_id}/trash/{entry_id}/restore', {
    params: { project_name_or_id: project, entry_id: entry },
    body: { overwrite },
  })
  const { digest, tags, artifacts } = restored
  return done(
    `restored ${digest}, ${counted(artifacts, 'artifact')}${tags.length === 0 ? '' : `, as ${tags.join(', ')}`}`,
    restored,
  )
}

async function restoreRepository(
  api: RegistryApi,
  project: string,
  repository: string,
  overwrite: boolean,
): Promise<Outcome> {
  let entries = 0
  for (let left = true; left;) {
    const answer = await api.call('POST /projects/{project_name_or_id}/trash/restore', {
      params: { project_name_or_id: project },
      body: { repository, overwrite },
    })
    entries += answer.entries
    left = answer.left
  }
  return done(`restored ${counted(entries, 'entry', 'entries')} of ${repository}`, { repository, entries })
}

/** All that a run deleted, a hundred by one request. What cannot come back is told, and does not keep the rest away. */
async function restoreRun(api: RegistryApi, project: string, run: number, overwrite: boolean): Promise<Outcome> {
  let entries = 0
  const refused: { readonly entry: string | number; readonly message: string }[] = []
  let after: number | undefined
  do {
    const { results, next } = await api.call('POST /projects/{project_name_or_id}/batch/restore-trash', {
      params: { project_name_or_id: project },
      body: { match: { run_id: run }, overwrite, after },
    })
    for (const { item, status, message = '' } of results) {
      if (status < 300) entries += 1
      else refused.push({ entry: item, message })
    }
    after = next
  } while (after !== undefined)
  if (refused.length > 0) {
    throw new CommandError(
      [
        `restored ${counted(entries, 'entry', 'entries')} of run ${run}; ${refused.length} ${refused.length === 1 ? 'stays' : 'stay'} in the trash:`,
      ]
        .concat(refused.map(({ entry, message }) => `  ${entry}: ${message}`))
        .join('\n'),
      { next: `berth trash restore ${project} --run ${run} --overwrite, when a tag is in the way` },
    )
  }
  return done(`restored ${counted(entries, 'entry', 'entries')} of run ${run}`, { run, entries })
}

const whatIsRestored = () =>
  new CommandError('what is restored?', {
    next: 'an id of berth trash list <project>, --repository <repository>, or --run <id>: one of them',
    kind: 'usage',
  })
