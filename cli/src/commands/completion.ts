import type { Command } from 'commander'
import { listCompleted } from '../completion/command-tree.ts'
import { completionScript, shells, type Shell } from '../completion/scripts.ts'
import { CommandError } from '../command-error.ts'
import { print } from '../standard-output.ts'

export function registerCompletionCommand(program: Command): void {
  program
    .command('completion <shell>')
    .description(`print the script by which a shell completes berth: ${shells.join(', ')}`)
    .addHelpText(
      'after',
      `
Examples:
  source <(berth completion bash)
  berth completion zsh > "\${fpath[1]}/_berth"
  berth completion fish > ~/.config/fish/completions/berth.fish`,
    )
    .action((shell: string) => {
      if (!isShell(shell))
        throw new CommandError(`${shell} is not among the shells: ${shells.join(', ')}`, { kind: 'usage' })
      print(completionScript(shell, listCompleted(program)).trimEnd())
    })
}

const isShell = (text: string): text is Shell => shells.some((shell) => shell === text)
