import { programName } from './program-name.ts'

/** Of the registry that this command line means; a process has one. */
let flagsInForce: readonly string[] = []

/** Called when the registry is known: its configuration, or its address. */
export function rememberFlags({ locatingFlags }: { readonly locatingFlags: readonly string[] }): void {
  flagsInForce = locatingFlags
}

/** Commands with others below them, and commands that stand alone; a test compares them with the program. */
export const nouns = [
  ...[
    'user',
    'project',
    'repository',
    'artifact',
    'tag',
    'trash',
    'quarantine',
    'retention',
    'immutability',
    'allowlist',
    'quota',
    'label',
    'webhook',
  ],
  ...[
    'robot',
    'trust-rule',
    'signer',
    'signature-key',
    'signing-request',
    'policy',
    'permission',
    'token',
    'group',
    'job',
    'gc',
    'scrub',
    'schedule',
    'audit',
    'event',
    'registry',
    'replication',
  ],
  ...['settings', 'context', 'import', 'config', 'db', 'vex', 'scan-all', 'security', 'secrets', 'ca', 'certificate'],
] as const
export const verbs = [
  ...['serve', 'doctor', 'backup', 'restore', 'verify', 'export', 'scan', 'health', 'migrate', 'version'],
  ...['sign', 'login', 'logout', 'whoami', 'status', 'api', 'support-bundle', 'completion', 'docs', 'help'],
] as const

/** `berth` and the words of a command, as messages write it. Longer ones stand first. */
const command = new RegExp(
  `\\bberth ((?:project member|${nouns.join('|')}) [a-z][a-z-]*|backup (?:list|verify|schedule)\\b|(?:${verbs.join('|')})\\b)`,
  'g',
)

/** Commands that look at no registry of this machine, or at the one that stands behind them. */
const withoutRegistry =
  /^berth (?:health|version|config sample|completion|docs|help|login|logout|context|doctor --url)\b/

/**
 * A text with the commands that it names as they work where it is printed: the program by the name that it is called by
 * here, and the flags that mean this registry right behind the command's words.
 */
export function asTyped(text: string): string {
  const flags = flagsInForce.map(shellWord).join(' ')
  return text.replaceAll(command, (_, words: string, at: number) => {
    const rest = text.slice(at)
    const namesItsOwn = /^[^\n,;]* --(?:data|url|context) /.test(rest)
    const isBare = flags === '' || namesItsOwn || withoutRegistry.test(rest)
    return [programName, words, ...(isBare ? [] : [flags])].join(' ')
  })
}

/** As a POSIX shell reads it back. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
