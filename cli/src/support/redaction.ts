import type { Config } from '#server/config/config.ts'
import { withoutCredentials } from '#server/logging.ts'

/** Shorter ones are words of the language: they would be cut out of every second sentence. */
const minLength = 6

/** Cuts out what opens a door, whatever sentence it stands in. */
export class Redaction {
  readonly #secrets = new Set<string>()

  add(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) if (secret !== undefined && secret.length >= minLength) this.#secrets.add(secret)
  }

  /** Of this machine's configuration. */
  addConfig({ initialAdminPassword, metrics, storage, backup, database }: Config): void {
    this.add(initialAdminPassword, metrics.token)
    for (const credentials of [storage.kind === 's3' ? storage.credentials : undefined, backup.s3.credentials])
      if (credentials?.kind === 'key') this.add(credentials.secretAccessKey)
    if (database.kind === 'postgres' && URL.canParse(database.url)) {
      const { password } = new URL(database.url)
      this.add(password, decodeURIComponent(password))
    }
  }

  apply(text: string): string {
    let cut = withoutCredentials(text)
    for (const secret of this.#secrets) cut = cut.replaceAll(secret, '[hidden]')
    return cut
  }
}
