import { z } from 'zod'
import { choice, flag, text } from './setting-kinds.ts'

export const letsEncrypt = 'https://acme-v02.api.letsencrypt.org/directory'
export const letsEncryptStaging = 'https://acme-staging-v02.api.letsencrypt.org/directory'

/** A service that gives certificates by ACME, with `https.issuer` set to `acme`. */
export const acmeSettings = z
  .strictObject({
    directory: text()
      .refine((address) => /^https?:/.test(address) && URL.canParse(address), 'must be https:// and an address')
      .optional()
      .describe(
        'Address of the service’s directory. Default: Let’s Encrypt. step-ca, Smallstep, ZeroSSL and others have one too.',
      ),
    staging: flag()
      .prefault(false)
      .describe('Let’s Encrypt’s service for trying out: no client trusts its certificates, and its limits are wide.'),
    agree_to_terms: flag()
      .prefault(false)
      .describe(
        'That you have read the terms of the service and agree to them. Services that have terms refuse you without.',
      ),
    email: text().optional().describe('Where the service writes to when something is wrong. Many need none.'),
    challenge: choice('http-01', 'dns-01')
      .prefault('http-01')
      .describe(
        'How the names are proven. `http-01`: the service asks this registry at port 80, by each name. `dns-01`: `acme.dns_command` sets a record, for names with `*` and for registries that the service cannot reach.',
      ),
    dns_command: text()
      .optional()
      .describe(
        'Program for `dns-01`, called with `present` or `cleanup`, the name of the record and its value: as for the `exec` provider of lego. It returns when the record is in DNS.',
      ),
    ca_file: text().optional().describe('Authority (PEM) that signed the certificate of a private service.'),
    key_id: text()
      .optional()
      .describe('Name of your account with the service, where it wants one (external account binding).'),
    hmac_key: text().optional().describe('Its key, in base64url.'),
  })
  .prefault({})
  .describe('A service that gives certificates by ACME, with `https.issuer: acme`.')
