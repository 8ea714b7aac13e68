/** The folder with initdb and postgres, or undefined when no PostgreSQL server is installed. */
export function findPostgres(): string | undefined
export function startTestPostgres(): Promise<
  | {
      readonly url: string
      stop(): Promise<void>
      restart(signal: 'SIGINT' | 'SIGQUIT'): Promise<void>
    }
  | undefined
>
