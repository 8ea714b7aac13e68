import { basename } from 'node:path'
import type { Command } from 'commander'
import { addConfirmFlag, confirm } from '../confirm.ts'
import { CommandError } from '../command-error.ts'
import { readDocument } from '../json-file.ts'
import { parseId } from '../names.ts'
import { tableOf } from '../output.ts'
import { done, type CommandGroup } from '../registry-command.ts'

const addProjectFlag = (command: Command): void =>
  void command.option('--project <project>', 'of this project; left out: of the registry')

const whose = (project: string | undefined): string => (project === undefined ? 'the registry' : project)

export const vexCommands: CommandGroup = {
  name: 'vex',
  description: 'statements about vulnerabilities that do not concern images',
  commands: [
    {
      usage: 'list',
      description: 'list the VEX documents of a project, or of the registry',
      example: 'berth vex list --project library',
      configure: addProjectFlag,
      run: async (api, _args, flags) => {
        const { project } = flags as { project?: string }
        const documents =
          project === undefined
            ? await api.call('GET /system/vex')
            : await api.call('GET /projects/{project_name_or_id}/vex', { params: { project_name_or_id: project } })
        return tableOf(documents, {
          ID: ({ id }) => id,
          NAME: ({ name }) => name,
          FORMAT: ({ format }) => format,
          STATEMENTS: ({ statements }) => statements,
          BY: ({ username }) => username,
          ADDED: ({ create_time: time }) => time,
        })
      },
    },
    {
      usage: 'add <file>',
      description: 'give a VEX document (OpenVEX, CSAF or CycloneDX) to a project, or to the registry',
      example: 'berth vex add openvex.json --project library',
      configure: (command) => {
        addProjectFlag(command)
        command.option('--name <name>', 'what it is called in lists; left out: the name of the file')
      },
      run: async (api, [file = ''], flags) => {
        const { project, name = basename(file) } = flags as { project?: string; name?: string }
        const document = await readDocument(file)
        if (typeof document !== 'object' || document === null || Array.isArray(document)) {
          throw new CommandError(`${file} is no VEX document`, { kind: 'usage' })
        }
        const body = { name, document: document as Record<string, unknown> }
        const { id } =
          project === undefined
            ? await api.create('POST /system/vex', { body })
            : await api.create('POST /projects/{project_name_or_id}/vex', {
                params: { project_name_or_id: project },
                body,
              })
        return done(`added ${name} to ${whose(project)} (${id}); its reports are looked at anew`, { id: Number(id) })
      },
    },
    {
      usage: 'delete <id>',
      description: 'take a VEX document from a project, or from the registry',
      example: 'berth vex delete 3 --project library',
      configure: (command) => {
        addProjectFlag(command)
        addConfirmFlag(command)
      },
      run: async (api, [text = ''], flags) => {
        const { project } = flags as { project?: string }
        const id = parseId(text, 'a VEX document')
        await confirm(`VEX document ${id} goes from ${whose(project)}; what it ruled out counts again`, flags)
        if (project === undefined) await api.call('DELETE /system/vex/{vex_id}', { params: { vex_id: id } })
        else {
          const params = { project_name_or_id: project, vex_id: id }
          await api.call('DELETE /projects/{project_name_or_id}/vex/{vex_id}', { params })
        }
        return done(`deleted VEX document ${id}`, { id })
      },
    },
  ],
}
