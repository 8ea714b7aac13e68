import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { styleText } from 'node:util'
import { Option, type Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { parseCertificates } from '../doctor/certificate-chain.ts'
import type { ClientTrust } from '../doctor/client-trust.ts'
import { diagnoseInstallation, diagnoseUrl, type DoctorOptions } from '../doctor/diagnose.ts'
import type { Finding } from '../doctor/finding.ts'
import { addOutputFlag, printOutcome, type Format } from '../output.ts'
import { addSettingFlags, loadConfigFor } from '../setting-flags.ts'

interface Flags {
  readonly url?: string
  readonly ca?: string
  readonly client?: keyof typeof clients
  readonly fix?: boolean
  readonly output: Format
}

const clients = {
  docker: 'docker',
  podman: 'podman, buildah, skopeo',
  containerd: 'containerd',
  system: 'everything else',
} as const satisfies Readonly<Record<string, ClientTrust['client']>>

export function registerDoctorCommand(program: Command): void {
  addOutputFlag(addSettingFlags(program.command('doctor'), { showAll: false }))
    .description(
      'check a running or planned installation, or with --url a registry as the clients of this machine see it',
    )
    .option('--url <url>', 'look only at this registry, from the side of its clients: https://registry.example:8443')
    .option('--ca <file>', 'certificate of the authority that signed the registry’s certificate')
    .addOption(
      new Option('--client <name>', 'say only what this client needs to trust the registry').choices(
        Object.keys(clients),
      ),
    )
    .option(
      '--fix',
      'mend what is safe to mend (modes of secret files, missing folders, what was left over), and say so',
    )
    .addHelpText('after', '\nExit code 1 when something is wrong; warnings do not count.')
    .action(async (flags: Flags, command: Command) => {
      const options: DoctorOptions = {
        machine: { root: '/', home: homedir() },
        now: () => Date.now(),
        ...(flags.client === undefined ? {} : { client: clients[flags.client] }),
        fix: flags.fix === true,
        ...(flags.ca === undefined ? {} : { authorityFile: readAuthority(flags.ca) }),
      }
      if (flags.fix && flags.url !== undefined)
        throw new CommandError('--fix mends this machine, not the registry of a URL', {
          next: 'berth doctor --fix',
          kind: 'usage',
        })
      const findings =
        flags.url === undefined
          ? await diagnoseInstallation(() => loadConfigFor(command), options)
          : await diagnoseUrl(parseUrl(flags.url), options)
      const problems = findings.filter(({ status }) => status === 'problem').length
      const sum = problems === 0 ? 'nothing is wrong' : `${problems} to mend`
      printOutcome({ text: [...findings.map(presentFinding), '', sum].join('\n'), json: { findings } }, flags.output)
      process.exitCode = problems === 0 ? 0 : 1
    })
}

const marks = { good: ['green', '✓'], warning: ['yellow', '!'], problem: ['red', '✗'], skipped: ['gray', '-'] } as const

function presentFinding({ subject, status, summary, remedy = [] }: Finding): string {
  const [colour, mark] = marks[status]
  return [`${styleText(colour, mark)} ${subject}: ${summary}`, ...remedy.map((line) => `    ${line}`)].join('\n')
}

function parseUrl(text: string): URL {
  const url = /^https?:\/\//.test(text) ? text : `https://${text}`
  if (!URL.canParse(url))
    throw new CommandError(`"${text}" is no URL`, {
      next: 'berth doctor --url https://registry.example:8443',
      kind: 'usage',
    })
  return new URL(url)
}

function readAuthority(path: string) {
  let certificates
  try {
    certificates = parseCertificates(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${(error as Error).message}`, { kind: 'usage', cause: error })
  }
  if (certificates.length === 0) throw new CommandError(`${path} has no PEM certificate`, { kind: 'usage' })
  return { path, certificates }
}
