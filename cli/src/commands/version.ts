import type { Command } from 'commander'
import { version } from '#server/version.ts'

export function registerVersionCommand(program: Command): void {
  program
    .command('version')
    .description('print the version of Berth and of what it runs on')
    .option('--output <format>', 'text or json', 'text')
    .action(({ output }: { output: string }) => {
      const facts = {
        berth: version,
        runtime: `bun ${process.versions['bun']}`,
        platform: `${process.platform} ${process.arch}`,
      }
      if (output === 'json') console.log(JSON.stringify(facts, null, 2))
      else console.log(`berth ${facts.berth} (${facts.runtime}, ${facts.platform})`)
    })
}
