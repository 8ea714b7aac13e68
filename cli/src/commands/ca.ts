import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeIssuer, makeRoot, type CertificateWithKey } from '#server/domain/certificates/x509.ts'
import type { AnswerOf } from '../api/registry-api.ts'
import { CommandError } from '../command-error.ts'
import { factsOf, type Outcome } from '../output.ts'
import type { CommandGroup } from '../registry-command.ts'

type Authority = AnswerOf<'GET /certificates/authority'>

const standardName = 'Berth'

export const caCommands: CommandGroup = {
  name: 'ca',
  description: 'the certificate authority of this registry, which clients are told to trust',
  commands: [
    {
      usage: 'init',
      description: 'make the authority; https.issuer: authority makes it by itself at the first start',
      example: 'berth ca init --name "Example Registry" --offline-root ./root',
      configure: (command) =>
        void command
          .option('--name <name>', 'its name in the lists of what people trust', standardName)
          .option('--offline-root <folder>', 'make the root here, and keep its key in this folder only'),
      run: async (api, _args, flags) => {
        const { name, offlineRoot } = flags as { name: string; offlineRoot?: string }
        if (offlineRoot === undefined)
          return shown(await api.call('POST /certificates/authority', { body: { name } }), 'the authority is made')
        assertFree(offlineRoot)
        const root = await makeRoot(name, Date.now())
        const issuer = await makeIssuer(name, root, Date.now())
        // The key first: an authority whose root's key is lost can never be renewed.
        keepRoot(offlineRoot, root)
        const body = { root_certificate: root.certificate, ...bodyOf(issuer) }
        const made = await api.call('POST /certificates/authority', { body })
        return shown(made, `the authority is made; keep ${join(offlineRoot, keyFile)} where no network reaches it`)
      },
    },
    {
      usage: 'show',
      description: 'its fingerprint, to compare aloud with what a client prints, and its end',
      example: 'berth ca show',
      run: async (api) => shown(await api.call('GET /certificates/authority')),
    },
    {
      usage: 'renew',
      description: 'sign a new issuer with a root that is kept elsewhere',
      example: 'berth ca renew --offline-root ./root',
      configure: (command) =>
        void command.requiredOption('--offline-root <folder>', `the folder with ${'root.pem'} and its key`),
      run: async (api, _args, flags) => {
        const root = readRoot(flags['offlineRoot'] as string)
        const known = await api.call('GET /certificates/authority')
        const name = known.subject.replace(/ Root$/, '')
        const issuer = await makeIssuer(name, root, Date.now())
        return shown(
          await api.call('PUT /certificates/authority/issuer', { body: bodyOf(issuer) }),
          'the issuer is new; certificates are signed by it from now on',
        )
      },
    },
  ],
}

const certificateFile = 'root.pem'
const keyFile = 'root.key'

function assertFree(folder: string): void {
  const known = [certificateFile, keyFile].map((name) => join(folder, name)).find((file) => existsSync(file))
  if (known === undefined) return
  throw new CommandError(`${known} is there already, and is not overwritten`, {
    next: 'name another folder, or take the file away',
    kind: 'usage',
  })
}

function keepRoot(folder: string, root: CertificateWithKey): void {
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, keyFile), root.privateKey, { mode: 0o600, flag: 'wx' })
    writeFileSync(join(folder, certificateFile), root.certificate, { mode: 0o644, flag: 'wx' })
  } catch (cause) {
    throw new CommandError(`${join(folder, keyFile)} cannot be written: ${(cause as Error).message}`, {
      next: 'name a folder that this account may write to',
      kind: 'usage',
      cause,
    })
  }
}

function readRoot(folder: string): CertificateWithKey {
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, name), 'utf8')
    } catch (cause) {
      throw new CommandError(`${join(folder, name)} cannot be read: ${(cause as Error).message}`, {
        next: 'it was written by berth ca init --offline-root',
        kind: 'usage',
        cause,
      })
    }
  }
  return { certificate: read(certificateFile), privateKey: read(keyFile) }
}

const bodyOf = ({ certificate, privateKey }: CertificateWithKey) => ({
  issuer_certificate: certificate,
  issuer_key: privateKey,
})

function shown(authority: Authority, said?: string): Outcome {
  const { text, json } = factsOf(
    [
      ['name', authority.subject],
      ['fingerprint (SHA-256)', authority.fingerprint],
      ['root ends', authority.root_expires_at],
      ['issuer ends', authority.issuer_expires_at],
      ['key of the root', authority.root_key_kept ? 'in the database' : 'elsewhere: berth ca renew'],
    ],
    authority,
  )
  return { text: said === undefined ? text : `${said}\n${text}`, json }
}
