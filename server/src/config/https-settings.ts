import { z } from 'zod'
import { choice, duration, isCertificateName, list, port, text } from './setting-kinds.ts'

const hour = 60 * 60_000

export const httpsSettings = z
  .strictObject({
    host: text().optional().describe('Address to listen on. Default `0.0.0.0`; with `open`, `127.0.0.1`.'),
    port: port().prefault(8443).describe('Port of HTTPS.'),
    certificate: text()
      .optional()
      .describe('PEM file with the certificate, then its intermediates. Read again when it changes.'),
    private_key: text().optional().describe('PEM file with the private key of the certificate.'),
    issuer: choice('files', 'authority', 'acme')
      .optional()
      .describe(
        'Where the certificate comes from. `files`: the two above. `authority`: the registry’s own, which it makes at the first start; clients are told of it by `/ca/install`. `acme`: a service such as Let’s Encrypt, as `acme` says. Default: `files` where they are named.',
      ),
    names: list(isCertificateName, 'a name such as registry.example.com or an address')
      .prefault([])
      .describe(
        'Names and addresses in a certificate that the registry gets by itself. Default: those of `external_url` and `hostname`; an authority of its own adds this machine’s addresses where neither is set.',
      ),
    key_type: choice('ecdsa', 'rsa')
      .prefault('ecdsa')
      .describe('The kind of key of such a certificate: ECDSA on P-256, or RSA with 2048 bits for old clients.'),
    lifetime: duration(hour, '1h')
      .prefault('30d')
      .describe(
        'How long certificates of the registry’s own authority are good for. They are renewed after two thirds.',
      ),
    authority_name: text()
      .prefault('Berth')
      .describe('Name of the registry’s own authority, when it is made: people see it in the list of what they trust.'),
  })
  .optional()
  .describe('HTTPS, with a certificate from files or one that the registry gets by itself.')
