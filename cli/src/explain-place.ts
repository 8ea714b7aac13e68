import { CommandError } from './command-error.ts'

/** By name: the classes would load the database's drivers into the parent of workers, which stays small. */
const advice: Readonly<Record<string, string>> = {
  RegistryAbsent:
    'name the registry that you mean: --data <folder>, --config <file>, or data_folder in /etc/berth/berth.yml\n' +
    'where each setting comes from: berth config show; to begin a new registry here: berth serve\n' +
    'more: berth docs operating#commands-on-the-registrys-machine',
  DatabaseLost:
    'bring the database back: unmount or rename nothing that it needs, put the file back, or restore a backup into an empty place: berth restore --from <place of the backups> --data <new folder>\n' +
    'if these blobs are of no use to anybody: berth serve --new\n' +
    'more: berth docs storage#when-the-database-is-lost',
  DatabaseCorrupt:
    'what is in the backups: berth backup list --from <place of the backups>\n' +
    'into an empty place: berth restore --from <place of the backups> --data <new folder>\n' +
    'more: berth docs storage#when-the-database-is-damaged',
  DatabaseTooNew: 'the version that this server runs: berth version; more: berth docs operating#upgrading',
  DatabaseTooOld:
    'the copy that a migration leaves beside the file is the way back; more: berth docs operating#upgrading',
}

/** The remedy when the registry is not where it was looked for, or is another version's. */
export function explainPlace(error: unknown): CommandError | undefined {
  if (!(error instanceof Error)) return undefined
  const next = advice[error.name]
  if (next !== undefined) return new CommandError(error.message, { next, cause: error })
  return error.name === 'RestoreUnfinished' ? new CommandError(error.message, { cause: error }) : undefined
}
