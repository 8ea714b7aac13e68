/** What a language brings to the page of commands. */
export interface PageWords {
  readonly title: string
  readonly introduction: string
  readonly commandColumns: readonly string[]
  readonly sharedTitle: string
  readonly flagColumns: readonly string[]
  readonly shared: readonly (readonly [flag: string, meaning: string])[]
  readonly environmentTitle: string
  readonly environmentColumns: readonly string[]
  readonly environment: readonly (readonly [name: string, meaning: string])[]
  readonly exitTitle: string
  readonly exitIntroduction: string
  readonly exitColumns: readonly string[]
  readonly example: string
  readonly required: string
  /** The description of a command, by its words. */
  of(path: string, english: string): string
  flag(english: string): string
  exitCode(kind: string, english: string): string
  alias(names: string): string
  standard(value: string): string
}

export const english: PageWords = {
  title: 'Command line',
  introduction: `Every command stands here with its flags; \`berth <command> --help\` prints the same. Commands work on the registry of this machine, or
at an address: \`berth login https://registry.example.com\` signs in, and the commands that follow mean that registry until
\`berth context use local\`. On its own machine nobody signs in: who may read the database may do everything. Commands that work on the
machine alone (\`backup\`, \`restore\`, \`verify\`, \`import\`, \`export\`, \`migrate\`) take the settings of \`berth serve\` instead.

\`source <(berth completion bash)\` completes commands and flags.`,
  commandColumns: ['command', ''],
  sharedTitle: 'Flags of many commands',
  flagColumns: ['flag', 'meaning'],
  shared: [
    ['--url <url>', 'the registry at this address, with the login that is kept for it'],
    ['--context <name>', 'the registry of this login; `local` is this machine'],
    ['--ca <file>', 'PEM file of the authority that signed the certificate of the address'],
    ['--insecure', 'take any certificate; it is said aloud each time'],
    [
      '--data <folder>, -c, --config <file>',
      'the registry of this machine whose data or configuration lies there; so does every other setting',
    ],
    [
      '-o, --output <format>',
      '`table`, `wide` (more columns), `json`, `yaml`; errors have that form too, on standard error',
    ],
    ['-y, --yes', 'do it without being asked; needed where there is no terminal'],
    ['--limit <number>', 'of lists: how many rows at the most; 0 is all'],
    ['--password-stdin', 'read the password from standard input; it never stands on the command line'],
    ['-h, --help', 'what the command does'],
  ],
  environmentTitle: 'Variables',
  environmentColumns: ['variable', 'meaning'],
  environment: [
    ['BERTH_URL, BERTH_CONTEXT', 'as `--url` and `--context`, where no flag names a registry'],
    ['BERTH_USERNAME, BERTH_PASSWORD', 'who signs in, for scripts; nothing is kept. A robot with its secret is best'],
    ['BERTH_CA, BERTH_INSECURE', 'as `--ca` and `--insecure`'],
    [
      'BERTH_CONTEXTS',
      'the file of logins, mode 0600; else `berth/contexts.json` in `$XDG_CONFIG_HOME` or `~/.config`',
    ],
    ['NO_COLOR', 'no colours'],
  ],
  exitTitle: 'Exit codes',
  exitIntroduction: '`berth help exit-codes` prints them. A code never changes its meaning.',
  exitColumns: ['code', 'kind', 'meaning'],
  example: 'Example:',
  required: '(required)',
  of: (_path, text) => sentence(text),
  flag: (text) => text,
  exitCode: (_kind, text) => text,
  alias: (names) => `Also: ${names}.`,
  standard: (value) => `(default: \`${value}\`)`,
}

const sentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`
