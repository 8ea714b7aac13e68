import { join } from 'node:path'

/** A self-signed certificate for 127.0.0.1, as both servers' TLS lines use it: ECDSA P-256. */
export async function makeCertificate(folder: string) {
  const certificateFile = join(folder, 'certificate.pem')
  const privateKeyFile = join(folder, 'private-key.pem')
  const child = Bun.spawn(
    [
      ...'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost'.split(' '),
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
      ...['-out', certificateFile, '-keyout', privateKeyFile],
    ],
    { stdout: 'ignore', stderr: 'pipe' },
  )
  if ((await child.exited) !== 0) throw new Error(`openssl: ${await new Response(child.stderr).text()}`)
  return { certificateFile, privateKeyFile }
}
