import pg from 'pg'

/** Secrets as Harbor keeps them; Harbor's API does not give them. */
export interface HarborSecret {
  readonly hash: string
  readonly salt: string
  /** How it was made: `sha1`, `sha256`, `pbkdf2_sha256`. */
  readonly version: string
}

/**
 * Harbor's own PostgreSQL (database `registry`), read only. By names, which are what both sides know. Tables as of
 * Harbor 2.8 to 2.15: `harbor_user`, `robot`.
 */
export class HarborDatabase implements AsyncDisposable {
  readonly #client: pg.Client

  private constructor(client: pg.Client) {
    this.#client = client
  }

  static async open(url: string): Promise<HarborDatabase> {
    const client = new pg.Client({ connectionString: url, statement_timeout: 60_000, connectionTimeoutMillis: 10_000 })
    await client.connect()
    await client.query('set default_transaction_read_only = on')
    return new HarborDatabase(client)
  }

  async findPassword(username: string): Promise<HarborSecret | undefined> {
    const { rows } = await this.#client.query<{ hash: string; salt: string | null; version: string | null }>(
      `select password as hash, salt, password_version as version from harbor_user
       where username = $1 and deleted is not true and coalesce(password, '') <> ''`,
      [username],
    )
    const [row] = rows
    return row === undefined ? undefined : { hash: row.hash, salt: row.salt ?? '', version: row.version ?? 'sha1' }
  }

  /** `name` is without the prefix: `ci`, or `library+ci` for one of a project. */
  async findRobotSecret(name: string): Promise<HarborSecret | undefined> {
    const { rows } = await this.#client.query<{ hash: string; salt: string | null }>(
      `select secret as hash, salt from robot where name = $1 and coalesce(secret, '') <> ''`,
      [name],
    )
    const [row] = rows
    return row === undefined ? undefined : { hash: row.hash, salt: row.salt ?? '', version: 'sha256' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end()
  }
}
