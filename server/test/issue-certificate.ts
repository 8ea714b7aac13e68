import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface IssuedForTest {
  readonly certificate: string
  readonly privateKey: string
}

export interface WantedForTest {
  readonly name: string
  /** Undefined: it signs itself. */
  readonly by?: IssuedForTest
  /** As `openssl req -addext` takes them. */
  readonly extensions?: readonly string[]
  readonly days?: number
  readonly key?: readonly string[]
}

export const authorityExtensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign']
export const signerExtensions = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=codeSigning',
]

/** A certificate by openssl, with a key of its own. */
export function issueCertificate({
  name,
  by,
  extensions = signerExtensions,
  days = 30,
  key,
}: WantedForTest): IssuedForTest {
  const folder = mkdtempSync(join(tmpdir(), 'berth-certificates-'))
  const at = (file: string) => join(folder, file)
  try {
    if (by !== undefined) {
      writeFileSync(at('ca.crt'), by.certificate)
      writeFileSync(at('ca.key'), by.privateKey)
    }
    writeFileSync(at('empty.cnf'), '[req]\ndistinguished_name=name\n[name]\n')
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-config',
          at('empty.cnf'),
          '-nodes',
          '-days',
          String(days),
          '-subj',
          `/O=Berth/CN=${name}`,
        ],
        ...(key ?? ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']),
        ...(by === undefined ? [] : ['-CA', at('ca.crt'), '-CAkey', at('ca.key')]),
        ...extensions.flatMap((extension) => ['-addext', extension]),
        ...['-keyout', at('own.key'), '-out', at('own.crt')],
      ],
      { stdio: 'pipe' },
    )
    return { certificate: readFileSync(at('own.crt'), 'utf8'), privateKey: readFileSync(at('own.key'), 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A list of the authority, by openssl. It revokes nothing, or one certificate. */
export function issueRevocationList(by: IssuedForTest, days: number, revoked?: IssuedForTest): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-revocations-'))
  const at = (file: string) => join(folder, file)
  try {
    writeFileSync(at('ca.crt'), by.certificate)
    writeFileSync(at('ca.key'), by.privateKey)
    writeFileSync(at('index.txt'), '')
    writeFileSync(at('ca.cnf'), `[ca]\ndefault_ca=own\n[own]\ndatabase=${at('index.txt')}\ndefault_md=sha256\n`)
    const signing = ['-config', at('ca.cnf'), '-cert', at('ca.crt'), '-keyfile', at('ca.key')]
    if (revoked !== undefined) {
      writeFileSync(at('revoked.crt'), revoked.certificate)
      execFileSync('openssl', ['ca', '-revoke', at('revoked.crt'), ...signing], { stdio: 'pipe' })
    }
    execFileSync('openssl', ['ca', '-gencrl', ...signing, '-crldays', String(days), '-out', at('ca.crl')], {
      stdio: 'pipe',
    })
    return readFileSync(at('ca.crl'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
