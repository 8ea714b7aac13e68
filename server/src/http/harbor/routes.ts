import { activityRoutes } from './activity.ts'
import { additionRoutes } from './additions.ts'
import { artifactContentRoutes } from './artifact-contents.ts'
import { artifactRoutes } from './artifacts.ts'
import { auditLogRoutes } from './audit-log.ts'
import { configureRoutes } from './configurations.ts'
import { gcRoutes } from './gc.ts'
import { healthRoutes } from './health.ts'
import { jobRoutes } from './jobs.ts'
import { jobserviceRoutes } from './jobservice.ts'
import { labelRoutes } from './labels.ts'
import { memberRoutes } from './members.ts'
import { notYetRoutes } from './not-yet.ts'
import { openApiRoutes } from './openapi.ts'
import { permissionsRoutes } from './permissions.ts'
import { pingRoutes } from './ping.ts'
import { projectMetadataRoutes } from './project-metadata.ts'
import { projectRoutes } from './projects.ts'
import { registryRoutes } from './registries.ts'
import { repositoryRoutes } from './repositories.ts'
import { robotRoutes } from './robots.ts'
import { robotV1Routes } from './robotv1.ts'
import { ldapRoutes } from './ldap.ts'
import { oidcRoutes } from './oidc.ts'
import { ownSessionRoutes } from './own-sessions.ts'
import { personalTokenRoutes } from './personal-tokens.ts'
import { roleRoutes } from './roles.ts'
import { userGroupRoutes } from './user-groups.ts'
import { purgeRoutes } from './purge.ts'
import { quotaRoutes } from './quotas.ts'
import { immutableRoutes } from './immutable.ts'
import { retentionPreviewRoutes } from './retention-preview.ts'
import { retentionRoutes } from './retention.ts'
import { trustRuleRoutes } from './trust-rules.ts'
import { projectArtifactRoutes } from './project-artifacts.ts'
import type { Route } from './route.ts'
import { scheduleRoutes } from './schedules.ts'
import { scrubRoutes } from './scrub.ts'
import { searchRoutes } from './search.ts'
import { statisticRoutes } from './statistic.ts'
import { systeminfoRoutes } from './systeminfo.ts'
import { systemCveAllowlistRoutes } from './system-cve-allowlist.ts'
import { tagRoutes } from './tags.ts'
import { trashRoutes } from './trash.ts'
import { userRoutes } from './users.ts'

const routes: readonly Route[] = [
  ...activityRoutes,
  ...additionRoutes,
  ...artifactContentRoutes,
  ...artifactRoutes,
  ...auditLogRoutes,
  ...configureRoutes,
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
  ...scheduleRoutes,
  ...searchRoutes,
  ...statisticRoutes,
  ...systemCveAllowlistRoutes,
  ...systeminfoRoutes,
  ...tagRoutes,
  ...userRoutes,
  ...ldapRoutes,
  ...oidcRoutes,
  ...personalTokenRoutes,
  ...ownSessionRoutes,
  ...roleRoutes,
  ...userGroupRoutes,
  ...purgeRoutes,
  ...scrubRoutes,
  ...quotaRoutes,
  ...immutableRoutes,
  ...retentionRoutes,
  ...retentionPreviewRoutes,
  ...trustRuleRoutes,
  ...projectArtifactRoutes,
  ...trashRoutes,
  ...gcRoutes,
  ...notYetRoutes,
]

/** Every operation below /api/v2.0, a file per tag of Harbor's API, and the document that describes them. */
export const harborRoutes: readonly Route[] = [...routes, ...openApiRoutes(routes)]
