import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.ts'

export interface CertificateFiles {
  readonly certificateFile: string
  readonly privateKeyFile: string
  /** Of the authority, which clients must be told to trust. */
  readonly authorityFile: string
}

const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** A private certificate authority in `folder`, and a certificate of it for loopback and the given addresses. */
export async function createCertificate(
  folder: string,
  { addresses = [], days = 2 }: { readonly addresses?: readonly string[]; readonly days?: number } = {},
): Promise<CertificateFiles> {
  const file = (name: string): string => join(folder, name)
  const authorityFile = file('ca.crt')
  const certificateFile = file('server.crt')
  const privateKeyFile = file('server.key')
  await runCommand([
    ...['openssl', 'req', '-x509', ...key, '-days', String(days), '-subj', '/CN=Berth conformance authority'],
    ...['-keyout', file('ca.key'), '-out', authorityFile],
  ])
  await runCommand([
    'openssl',
    'req',
    ...key,
    '-subj',
    '/CN=registry',
    '-keyout',
    privateKeyFile,
    '-out',
    file('server.csr'),
  ])
  const names = ['DNS:localhost', ...['127.0.0.1', ...addresses].map((address) => `IP:${address}`)]
  await writeFile(file('server.ext'), `subjectAltName=${names.join(',')}\nextendedKeyUsage=serverAuth\n`)
  await runCommand([
    ...['openssl', 'x509', '-req', '-in', file('server.csr'), '-CA', authorityFile, '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-days', String(days), '-extfile', file('server.ext'), '-out', certificateFile],
  ])
  return { certificateFile, privateKeyFile, authorityFile }
}
