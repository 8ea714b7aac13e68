import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { addOutputFlag, printOutcome, tableOf, type Format } from '../output.ts'

/** `berth help exit-codes`, beside the help that commander has for each command. */
export function registerHelpCommand(program: Command): void {
  program.helpCommand(false)
  const help = addOutputFlag(program.command('help [command...]'))
    .description('what a command does; berth help exit-codes: what its exit code says')
    .action((words: readonly string[], { output }: { output: Format }) => {
      if (words.join(' ') === 'exit-codes') {
        const columns = {
          CODE: ({ code }: (typeof exitCodes)[number]) => code,
          KIND: ({ kind }: (typeof exitCodes)[number]) => kind,
          MEANING: ({ meaning }: (typeof exitCodes)[number]) => meaning,
        }
        return printOutcome(tableOf(exitCodes, columns), output)
      }
      let command = program
      for (const word of words) {
        const below = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
        if (below === undefined) return command.error(`error: unknown command '${word}'`)
        command = below
      }
      command.outputHelp()
    })
  help.copyInheritedSettings(program)
}
