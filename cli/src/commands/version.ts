import type { Command } from 'commander'
import { version } from '#server/version.ts'
import { addOutputFlag, printOutcome, type Format } from '../output.ts'

export function registerVersionCommand(program: Command): void {
  addOutputFlag(program.command('version'))
    .description('print the version of Berth and of what it runs on')
    .action(({ output }: { output: Format }) => {
      const facts = versionFacts()
      printOutcome({ text: `berth ${facts.berth} (${facts.runtime}, ${facts.platform})`, json: facts }, output)
    })
}

export const versionFacts = () => ({
  berth: version,
  runtime: `bun ${process.versions['bun']}`,
  platform: `${process.platform} ${process.arch}`,
})
