import type { Config } from '../config/config.ts'
import type { LostPlaces } from '../domain/verification/lost-database.ts'
import { withoutCredentials } from '../logging.ts'

/** Where database and store are, for people. */
export function placesOf({ database, storage }: Config): LostPlaces {
  return {
    database: database.kind === 'sqlite' ? database.file : withoutCredentials(database.url),
    store: storage.kind === 'filesystem' ? storage.folder : `s3://${storage.bucket}/${storage.prefix}`,
  }
}
