import type { Migration } from '../migrate.ts'
import { foundation } from './0001-foundation.ts'
import { restApi } from './0002-rest-api.ts'
import { robotsAuditRegistries } from './0005-robots-audit-registries.ts'
import { labels } from './0006-labels.ts'
import { identities } from './0007-identities.ts'
import { quotaImmutability } from './0008-quota-immutability.ts'
import { trustTagHistory } from './0009-trust-tag-history.ts'
import { jobs } from './0010-jobs.ts'
import { logicalUsage } from './0011-logical-usage.ts'
import { retention } from './0011-retention.ts'
import { trash } from './0012-trash.ts'
import { scrub } from './0013-scrub.ts'
import { activity } from './0014-activity.ts'
import { indexes } from './0017-indexes.ts'
import { uploadDigest } from './0018-upload-digest.ts'
import { eventLog } from './0019-event-log.ts'
import { trustAndNames } from './0020-trust-and-names.ts'
import { stableIdentities } from './0021-stable-identities.ts'
import { linkUpload } from './0022-link-upload.ts'
import { holdHolder } from './0023-hold-holder.ts'
import { trashRepository } from './0024-trash-repository.ts'
import { writeProbe } from './0025-write-probe.ts'
import { goneManifests } from './0026-gone-manifests.ts'
import { trashRun } from './0027-trash-run.ts'
import { backupRun } from './0028-backup-run.ts'
import { scanning } from './0029-scanning.ts'
import { securityHub } from './0030-security-hub.ts'
import { sbomRuns } from './0031-sbom-runs.ts'
import { vex } from './0032-vex.ts'
import { scanRobots } from './0033-scan-robots.ts'
import { scanDataChunk } from './0034-scan-data-chunk.ts'
import { vulnerabilityDataWays } from './0035-vulnerability-data-ways.ts'
import { securityTotals } from './0036-security-totals.ts'
import { signatures } from './0037-signatures.ts'
import { findSignatures } from './0038-find-signatures.ts'
import { pullPolicies } from './0039-pull-policies.ts'
import { absentChildren } from './0041-absent-children.ts'
import { listedArtifacts } from './0042-listed-artifacts.ts'
import { webhooks } from './0045-webhooks.ts'
import { blobInventory } from './0046-blob-inventory.ts'
import { attachedSboms } from './0047-attached-sboms.ts'
import { quarantine } from './0050-quarantine.ts'
import { protectedTags } from './0051-protected-tags.ts'
import { secretKeys } from './0052-secret-keys.ts'
import { signing } from './0053-signing.ts'
import { replication } from './0054-replication.ts'
import { proxyCache } from './0057-proxy-cache.ts'
import { proxyTraffic } from './0058-proxy-traffic.ts'
import { proxyEviction } from './0059-proxy-eviction.ts'
import { webhookBounds } from './0060-webhook-bounds.ts'
import { auditChain } from './0061-audit-chain.ts'
import { dutiesAndAuditSinks } from './0062-duties-and-audit-sinks.ts'
import { certificates } from './0063-certificates.ts'
import { acme } from './0064-acme.ts'
import { secondFactor } from './0065-second-factor.ts'
import { passwordRules } from './0066-password-rules.ts'

/** In the order in which they are applied. */
export const migrations: readonly Migration[] = [
  foundation,
  restApi,
  robotsAuditRegistries,
  labels,
  identities,
  quotaImmutability,
  trustTagHistory,
  jobs,
  logicalUsage,
  retention,
  trash,
  scrub,
  activity,
  indexes,
  uploadDigest,
  eventLog,
  trustAndNames,
  stableIdentities,
  linkUpload,
  holdHolder,
  trashRepository,
  writeProbe,
  goneManifests,
  trashRun,
  backupRun,
  scanning,
  securityHub,
  sbomRuns,
  vex,
  scanRobots,
  scanDataChunk,
  vulnerabilityDataWays,
  securityTotals,
  signatures,
  findSignatures,
  pullPolicies,
  absentChildren,
  listedArtifacts,
  webhooks,
  blobInventory,
  attachedSboms,
  quarantine,
  protectedTags,
  secretKeys,
  signing,
  replication,
  proxyCache,
  proxyTraffic,
  proxyEviction,
  webhookBounds,
  auditChain,
  dutiesAndAuditSinks,
  certificates,
  acme,
  secondFactor,
  passwordRules,
]
