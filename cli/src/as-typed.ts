import { programName } from './program-name.ts'

/** Of the registry that this command line means; a process has one. */
let flagsInForce: readonly string[] = []

/** Called when the configuration is known. */
export function rememberFlags({ locatingFlags }: { readonly locatingFlags: readonly string[] }): void {
  flagsInForce = locatingFlags
}

/** `berth` and the words of a command, as messages write it. Longer ones stand first. */
const command = new RegExp(
  '\\bberth ((?:project member|user|project|import|config) [a-z][a-z-]*|backup (?:list|verify)\\b|' +
    '(?:serve|doctor|backup|restore|verify|export|health|migrate|version)\\b)',
  'g',
)

/** Commands that look at no registry of this machine. */
const withoutRegistry = /^(?:health|version|config sample|doctor --url)/

/**
 * A text with the commands that it names as they work where it is printed: the program by the name that it is called by
 * here, and the flags that mean this registry right behind the command's words.
 */
export function asTyped(text: string): string {
  const flags = flagsInForce.map(shellWord).join(' ')
  return text.replaceAll(command, (_, words: string, at: number) => {
    const namesItsOwn = /^[^\n,;]* --data /.test(text.slice(at))
    const isBare = flags === '' || namesItsOwn || withoutRegistry.test(words)
    return [programName, words, ...(isBare ? [] : [flags])].join(' ')
  })
}

/** As a POSIX shell reads it back. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
