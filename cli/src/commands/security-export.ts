import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerOf, RegistryApi } from '../api/registry-api.ts'
import { getProject } from '../api/find-project.ts'
import { CommandError } from '../command-error.ts'
import { parseNumber } from '../flag-values.ts'
import { done, type RegistryCommand } from '../registry-command.ts'

/** The only type that Harbor exports, and Berth. */
const exportedType = 'application/vnd.security.vulnerability.report; version=1.1'
const pollMs = 500

interface ExportFlags {
  readonly to?: string
  readonly repository?: string
  readonly tag?: string
  readonly cve?: string
  readonly label: readonly number[]
}

/** `berth security export`: what scanners found in a project, as a file for spreadsheets. */
export const exportFindingsCommand: RegistryCommand = {
  usage: 'export <project>',
  description: 'write what scanners found in a project into a CSV file, a line for each vulnerability of a package',
  example: "berth security export library --cve 'CVE-2026-*' --to findings.csv",
  configure: (command) =>
    void command
      .option('--to <file>', 'where to write it (default: scandata_export_<id>.csv here)')
      .option('--repository <pattern>', 'only these, without the project: {app,tools/**}')
      .option('--tag <pattern>', 'only artifacts with such a tag: v1.*')
      .option('--cve <pattern>', 'only these vulnerabilities: CVE-2026-*')
      .option('--label <id>', 'only artifacts with this label; repeatable', collectId, []),
  run: async (api, [project = ''], flags) => {
    const { to, repository = '', tag = '', cve = '', label } = flags as unknown as ExportFlags
    const { project_id: projectId } = await getProject(api, project)
    const { id } = await api.call('POST /export/cve', {
      headers: { 'x-scan-data-type': exportedType },
      body: {
        projects: [projectId],
        repositories: repository,
        tags: tag,
        cveIds: cve,
        labels: [...label],
      },
    })
    const execution = await untilEnded(api, id)
    if (execution.status !== 'Success')
      throw new CommandError(`the export ended as ${execution.status}: ${execution.status_text}`, {
        next: `berth job logs ${id}`,
      })
    if (!execution.file_present) return done('no vulnerability was found that matches; no file was written', { id })
    const file = to ?? `scandata_export_${id}.csv`
    await writeWhole(file, await api.raw('GET', `/export/cve/download/${id}`, undefined))
    return done(`wrote ${file}`, { id, file })
  },
}

const collectId = (text: string, before: readonly number[]): readonly number[] => [...before, parseNumber(text)]

async function untilEnded(api: RegistryApi, id: number): Promise<AnswerOf<'GET /export/cve/execution/{execution_id}'>> {
  for (;;) {
    const execution = await api.call('GET /export/cve/execution/{execution_id}', { params: { execution_id: id } })
    if (execution.status !== 'Running') return execution
    await sleep(pollMs)
  }
}

/** A file that is cut would look whole: it gets its name when all of it is there. */
async function writeWhole(file: string, { body }: Response): Promise<void> {
  const partial = `${file}.part`
  try {
    await pipeline(Readable.from(body ?? []), createWriteStream(partial))
    await rename(partial, file)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}
