import { replaceKeyFile, readOuterKeys } from '#server/compose/outer-key.ts'
import type { Config } from '#server/config/config.ts'
import { newOuterKey, parseOuterKeys } from '#server/domain/secrets/outer-keys.ts'
import type { ArchiveCommand } from '../../archive-command.ts'
import { CommandError } from '../../command-error.ts'
import { counted } from '../../counted.ts'

/** @throws CommandError where the outer key is no file that this program may write */
function fileOf({ outerKey }: Config): string {
  if (outerKey.kind === 'file') return outerKey.file
  throw new CommandError('the outer key is no file here', {
    next: 'berth secrets new-key prints a new one: put it in front of the old one where the old one is kept',
    kind: 'usage',
  })
}

export const newKey: ArchiveCommand = {
  description: 'print a new outer key, or put it into the key file in front of the one that is there',
  example: 'berth secrets new-key --add',
  configure: (command) => command.option('--add', 'write it into the key file; what is there stays readable'),
  async run({ config }, flags) {
    const key = newOuterKey()
    if (flags['add'] !== true) return { good: true, text: key, json: { key } }
    const file = fileOf(config)
    const known = await readOuterKeys(config.outerKey)
    await replaceKeyFile(file, (before) => `${key}\n${before}`)
    const [{ id = '' } = {}] = parseOuterKeys(key)
    return {
      good: true,
      text:
        known.length === 0
          ? `${file} has the outer key ${id} now`
          : `${file} has the outer key ${id} in front of ${known.map((each) => each.id).join(', ')} now; when every process has it, seal with it: berth secrets rotate -f`,
      json: { file, id },
    }
  },
}

export const forgetOldKeys: ArchiveCommand = {
  description: 'take outer keys out of the key file that nothing in the database needs any more',
  example: 'berth secrets forget-old-keys',
  async run({ config, database }) {
    const file = fileOf(config)
    const rows = await (await database()).read.selectFrom('secret_key').select('outer_key_id').execute()
    const needed = new Set(rows.map(({ outer_key_id: id }) => id))
    const [newest, ...older] = await readOuterKeys(config.outerKey)
    const gone = older.filter(({ id }) => !needed.has(id)).map(({ id }) => id)
    if (newest === undefined || !needed.has(newest.id))
      throw new CommandError('nothing is sealed with the newest outer key yet', { next: 'berth secrets rotate -f' })
    await replaceKeyFile(file, (before) =>
      before
        .split('\n')
        .filter((line) => !isOneOf(line, gone))
        .join('\n'),
    )
    return { good: true, text: `${counted(gone.length, 'key')} taken out of ${file}`, json: { file, forgotten: gone } }
  },
}

function isOneOf(line: string, ids: readonly string[]): boolean {
  if (line.trim() === '' || line.trimStart().startsWith('#')) return false
  return parseOuterKeys(line).every(({ id }) => ids.includes(id))
}
