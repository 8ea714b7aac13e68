import { z } from 'zod'
import { text } from './setting-kinds.ts'

/** Where the outer key of the secrets in the database is. */
export const secretSettings = z
  .strictObject({
    key_file: text()
      .optional()
      .describe(
        'File with the outer key, under which the secrets in the database are sealed: 32 bytes in base64, one key a line, the newest first. Default: `secrets.key` in the data folder, made at the first start when the database or the blobs lie there too. Keep a copy apart from backups.',
      ),
    key: text().optional().describe('The outer key itself, instead of a file: for a variable from a secret store.'),
    key_command: text()
      .optional()
      .describe(
        'Command, run by `/bin/sh -c`, that prints the outer key: it asks a vault, a KMS or a token. It has 30 seconds.',
      ),
  })
  .prefault({})
  .describe('The outer key of the secrets in the database: credentials of remote registries, webhooks, signing keys.')
