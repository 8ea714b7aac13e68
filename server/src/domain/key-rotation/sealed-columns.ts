import { totpSecrets } from '../access/second-factor/second-factor-rows.ts'
import { signingKeySecrets } from '../access/tokens/signing-keys.ts'
import { auditKeySecrets } from '../audit/chain/audit-keys.ts'
import { acmeAccountSecrets } from '../certificates/acme-records.ts'
import { issuerKeySecrets, rootKeySecrets } from '../certificates/certificate-authority.ts'
import { servedKeySecrets } from '../certificates/served-certificates.ts'
import { refreshTokenSecrets } from '../identities/cli-secrets.ts'
import { pendingSignInSecrets } from '../identities/pending-sign-ins.ts'
import { registrySecrets } from '../registries/registries.ts'
import { scannerSecrets } from '../scanning/scanners.ts'
import type { SealedColumn } from '../secrets/sealed-column.ts'
import { settingSecrets } from '../settings/settings.ts'
import { signatureKeySecrets } from '../signing/signature-keys.ts'
import { webhookSecrets } from '../webhooks/sealed-targets.ts'

/** Every column with secrets that can be read again. A noun with a new one adds a line. */
export const sealedColumns: readonly SealedColumn[] = [
  signingKeySecrets,
  totpSecrets,
  settingSecrets,
  registrySecrets,
  scannerSecrets,
  webhookSecrets,
  refreshTokenSecrets,
  pendingSignInSecrets,
  auditKeySecrets,
  rootKeySecrets,
  issuerKeySecrets,
  servedKeySecrets,
  acmeAccountSecrets,
  signatureKeySecrets,
]
