/** The folder with initdb and postgres, or undefined when no PostgreSQL server is installed. */
export function findPostgres(): string | undefined
