import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { styleText } from 'node:util'
import { Option, type Command } from 'commander'
import { asTyped } from '../as-typed.ts'
import { CommandError } from '../command-error.ts'
import { parseCertificates } from '../doctor/certificate-chain.ts'
import { diagnoseInstallation, diagnoseUrl, type DoctorOptions } from '../doctor/diagnose.ts'
import type { Finding } from '../doctor/finding.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'

interface Flags {
  readonly url?: string
  readonly ca?: string
  readonly output: 'text' | 'json'
}

export function registerDoctorCommand(program: Command): void {
  addSettingFlags(program.command('doctor'), { showAll: false })
    .description(
      'check a running or planned installation, or with --url a registry as the clients of this machine see it',
    )
    .option('--url <url>', 'look only at this registry, from the side of its clients: https://registry.example:8443')
    .option('--ca <file>', 'certificate of the authority that signed the registry’s certificate')
    .addOption(new Option('--output <format>', 'how to print the findings').choices(['text', 'json']).default('text'))
    .addHelpText('after', '\nExit code 1 when something is wrong; warnings do not count.')
    .action(async (flags: Flags, command: Command) => {
      const options: DoctorOptions = {
        machine: { root: '/', home: homedir() },
        now: () => Date.now(),
        ...(flags.ca === undefined ? {} : { authorityFile: readAuthority(flags.ca) }),
      }
      const findings =
        flags.url === undefined
          ? await diagnoseInstallation(() => loadConfigFor(command), options)
          : await diagnoseUrl(parseUrl(flags.url), options)
      console.log(
        flags.output === 'json' ? JSON.stringify({ findings }, null, 2) : findings.map(presentFinding).join('\n'),
      )
      const problems = findings.filter(({ status }) => status === 'problem').length
      if (flags.output === 'text') console.log(problems === 0 ? '\nnothing is wrong' : `\n${problems} to mend`)
      process.exitCode = problems === 0 ? 0 : 1
    })
}

const marks = { good: ['green', '✓'], warning: ['yellow', '!'], problem: ['red', '✗'], skipped: ['gray', '-'] } as const

function presentFinding({ subject, status, summary, remedy = [] }: Finding): string {
  const [colour, mark] = marks[status]
  return [`${styleText(colour, mark)} ${subject}: ${summary}`, ...remedy.map((line) => `    ${asTyped(line)}`)].join(
    '\n',
  )
}

function parseUrl(text: string): URL {
  const url = /^https?:\/\//.test(text) ? text : `https://${text}`
  if (!URL.canParse(url))
    throw new CommandError(`"${text}" is no URL`, {
      next: 'berth doctor --url https://registry.example:8443',
      exitCode: 2,
    })
  return new URL(url)
}

function readAuthority(path: string) {
  let certificates
  try {
    certificates = parseCertificates(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`, { exitCode: 2, cause: error })
  }
  if (certificates.length === 0) throw new CommandError(`${path} has no PEM certificate`, { exitCode: 2 })
  return { path, certificates }
}
