import { activityRoutes } from './operations/activity.ts'
import { additionRoutes } from './content/additions.ts'
import { packageRoutes } from './content/packages.ts'
import { artifactContentRoutes } from './content/artifact-contents.ts'
import { artifactRoutes } from './content/artifacts.ts'
import { auditChainRoutes } from './operations/audit-chain.ts'
import { auditExportRoutes } from './operations/audit-export.ts'
import { auditLogRoutes } from './operations/audit-log.ts'
import { contentBatchRoutes } from './batch/content-batches.ts'
import { scanBatchRoutes } from './batch/scan-batches.ts'
import { projectBatchRoutes } from './batch/project-batches.ts'
import { registryBatchRoutes } from './batch/registry-batches.ts'
import { certificateRoutes } from './operations/certificates.ts'
import { configureRoutes } from './operations/configurations.ts'
import { gcRoutes } from './operations/gc.ts'
import { emptyListRoutes } from './empty-lists.ts'
import { eventRoutes } from './operations/events.ts'
import { healthRoutes } from './operations/health.ts'
import { jobRoutes } from './operations/jobs.ts'
import { jobserviceRoutes } from './operations/jobservice.ts'
import { labelRoutes } from './content/labels.ts'
import { memberRoutes } from './access/members.ts'
import { notYetRoutes } from './not-yet.ts'
import { openApiRoutes } from './frame/openapi.ts'
import { permissionsRoutes } from './access/permissions.ts'
import { pingRoutes } from './operations/ping.ts'
import { projectMetadataRoutes } from './projects/project-metadata.ts'
import { projectRoutes } from './projects/projects.ts'
import { registryRoutes } from './operations/registries.ts'
import { repositoryRoutes } from './content/repositories.ts'
import { robotRoutes } from './access/robots.ts'
import { robotV1Routes } from './access/robotv1.ts'
import { ldapRoutes } from './access/ldap.ts'
import { oidcRoutes } from './access/oidc.ts'
import { passkeyRoutes } from './access/passkeys.ts'
import { secondFactorRoutes } from './access/second-factors.ts'
import { ownSessionRoutes } from './access/own-sessions.ts'
import { personalTokenRoutes } from './access/personal-tokens.ts'
import { roleRoutes } from './access/roles.ts'
import { userGroupRoutes } from './access/user-groups.ts'
import { purgeRoutes } from './operations/purge.ts'
import { quotaRoutes } from './projects/quotas.ts'
import { immutableRoutes } from './projects/immutable.ts'
import { protectedTagRoutes } from './projects/protected-tags.ts'
import { quarantineRoutes } from './projects/quarantine.ts'
import { proxyCacheRoutes } from './projects/proxy-cache.ts'
import { signatureKeyRoutes } from './projects/signature-keys.ts'
import { signingRoutes } from './content/signing.ts'
import { pullPolicyRoutes } from './projects/pull-policies.ts'
import { retentionPreviewRoutes } from './projects/retention-preview.ts'
import { retentionRoutes } from './projects/retention.ts'
import { trustRuleRoutes } from './access/trust-rules.ts'
import { signatureRoutes } from './content/signatures.ts'
import { signerRoutes } from './projects/signers.ts'
import { projectArtifactRoutes } from './content/project-artifacts.ts'
import type { Route } from './frame/route.ts'
import { scanAllRoutes } from './operations/scan-all.ts'
import { reportFileRoutes } from './content/report-files.ts'
import { scanDataExportRoutes } from './operations/scan-data-export.ts'
import { scanRoutes } from './content/scans.ts'
import { scannerRoutes } from './operations/scanners.ts'
import { securityHubRoutes } from './operations/security-hub.ts'
import { securityOverviewRoutes } from './operations/security-overview.ts'
import { scheduleRoutes } from './operations/schedules.ts'
import { scrubRoutes } from './operations/scrub.ts'
import { secretsRoutes } from './operations/secrets.ts'
import { searchRoutes } from './content/search.ts'
import { statisticRoutes } from './operations/statistic.ts'
import { systemConfigurationRoutes } from './operations/system-configuration.ts'
import { systeminfoRoutes } from './operations/systeminfo.ts'
import { systemCveAllowlistRoutes } from './operations/system-cve-allowlist.ts'
import { tagRoutes } from './content/tags.ts'
import { trashRoutes } from './content/trash.ts'
import { matchPackagesRoutes } from './operations/match-packages.ts'
import { vulnerabilityDataScheduleRoutes } from './operations/vulnerability-data-schedule.ts'
import { allowlistChangeRoutes } from './operations/allowlist-changes.ts'
import { vexRoutes } from './operations/vex.ts'
import { vulnerabilityDataRoutes } from './operations/vulnerability-data.ts'
import { replicationRoutes } from './operations/replication.ts'
import { webhookRoutes } from './projects/webhooks.ts'
import { userRoutes } from './access/users.ts'

const routes: readonly Route[] = [
  ...activityRoutes,
  ...additionRoutes,
  ...packageRoutes,
  ...artifactContentRoutes,
  ...artifactRoutes,
  ...auditLogRoutes,
  ...auditChainRoutes,
  ...auditExportRoutes,
  ...certificateRoutes,
  ...configureRoutes,
  ...eventRoutes,
  ...healthRoutes,
  ...jobRoutes,
  ...jobserviceRoutes,
  ...labelRoutes,
  ...memberRoutes,
  ...permissionsRoutes,
  ...pingRoutes,
  ...projectMetadataRoutes,
  ...projectRoutes,
  ...registryRoutes,
  ...repositoryRoutes,
  ...robotRoutes,
  ...robotV1Routes,
  ...scanAllRoutes,
  ...scanDataExportRoutes,
  ...scanRoutes,
  ...reportFileRoutes,
  ...scannerRoutes,
  ...scheduleRoutes,
  ...securityHubRoutes,
  ...securityOverviewRoutes,
  ...searchRoutes,
  ...statisticRoutes,
  ...systemCveAllowlistRoutes,
  ...systemConfigurationRoutes,
  ...systeminfoRoutes,
  ...tagRoutes,
  ...vulnerabilityDataRoutes,
  ...allowlistChangeRoutes,
  ...vexRoutes,
  ...vulnerabilityDataScheduleRoutes,
  ...matchPackagesRoutes,
  ...userRoutes,
  ...webhookRoutes,
  ...replicationRoutes,
  ...ldapRoutes,
  ...oidcRoutes,
  ...personalTokenRoutes,
  ...ownSessionRoutes,
  ...secondFactorRoutes,
  ...passkeyRoutes,
  ...roleRoutes,
  ...userGroupRoutes,
  ...purgeRoutes,
  ...scrubRoutes,
  ...secretsRoutes,
  ...signatureKeyRoutes,
  ...signingRoutes,
  ...quotaRoutes,
  ...immutableRoutes,
  ...proxyCacheRoutes,
  ...pullPolicyRoutes,
  ...quarantineRoutes,
  ...protectedTagRoutes,
  ...retentionRoutes,
  ...retentionPreviewRoutes,
  ...trustRuleRoutes,
  ...signerRoutes,
  ...signatureRoutes,
  ...projectArtifactRoutes,
  ...trashRoutes,
  ...contentBatchRoutes,
  ...scanBatchRoutes,
  ...projectBatchRoutes,
  ...registryBatchRoutes,
  ...gcRoutes,
  ...emptyListRoutes,
  ...notYetRoutes,
]

/** Every operation below /api/v2.0, a file per tag of Harbor's API, and the document that describes them. */
export const harborRoutes: readonly Route[] = [...routes, ...openApiRoutes(routes)]
