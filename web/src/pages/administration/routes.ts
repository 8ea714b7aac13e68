import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/root-route.tsx'
import { auditSearch } from './audit/audit-filter.ts'
import { findingSearch, vulnerabilitySearch } from './security/security-search.ts'
import { listSearch } from '../../shell/route-search.ts'

const administrationRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/administration',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'AdministratorsOnly'),
})

const indexRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/administration/users' as string })
  },
})

const usersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/users',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'UsersPage'),
})

const jobsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/jobs',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'JobsPage'),
})

const jobRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/jobs/$jobId',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'JobPage'),
})

const queuesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/queues',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'QueuesPage'),
})

const schedulesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/schedules',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SchedulesPage'),
})

const garbageRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/garbage-collection',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'GarbagePage'),
})

const scrubRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/scrub',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ScrubPage'),
})

const groupsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/groups',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'GroupsPage'),
})

const robotsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/robots',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'RobotsPage'),
})

const authenticationRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/authentication',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'AuthenticationPage'),
})

const configurationRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/configuration',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ConfigurationPage'),
})

const quotasRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/quotas',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'QuotasPage'),
})

const auditLogRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/audit-log',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'AuditPage'),
})

const auditIntegrityRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/audit-log/integrity',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'AuditIntegrityPage'),
})

const auditSinksRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/audit-log/sinks',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'AuditSinksPage'),
})

const healthRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/health',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'HealthPage'),
})

const signersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/signers',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SystemSignersPage'),
})

const pullPoliciesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/pull-policies',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SystemPullPoliciesPage'),
})

const labelsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/labels',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SystemLabelsPage'),
})

const registriesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/registries',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'RegistriesPage'),
})

const replicationRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/replication',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ReplicationPage'),
})

const replicationRuleRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/replication/$ruleId',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ReplicationRulePage'),
})

const replicationRunRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/replication/$ruleId/$runId',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ReplicationRunPage'),
})

const securityRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/security',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SecurityOverviewPage'),
})

const securityVulnerabilitiesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/security/vulnerabilities',
  validateSearch: vulnerabilitySearch,
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SecurityVulnerabilitiesPage'),
})

const securityFindingsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/security/findings',
  validateSearch: findingSearch,
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'SecurityFindingsPage'),
})

const scanAllRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/security/scan-all',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ScanAllPage'),
})

const allowlistRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/security/allowlist',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'AllowlistPage'),
})

const scannersRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/scanners',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'ScannersPage'),
})

const vulnerabilityDataRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/vulnerability-data',
  component: lazyRouteComponent(() => import('../bundles/administration.ts'), 'VulnerabilityDataPage'),
})

/** Pages for system administrators. */
export const administrationRoutes = [
  administrationRoute.addChildren([
    indexRoute,
    usersRoute,
    jobsRoute,
    jobRoute,
    queuesRoute,
    schedulesRoute,
    garbageRoute,
    scrubRoute,
    registriesRoute,
    replicationRoute,
    replicationRuleRoute,
    replicationRunRoute,
    securityRoute,
    securityVulnerabilitiesRoute,
    securityFindingsRoute,
    scanAllRoute,
    allowlistRoute,
    scannersRoute,
    vulnerabilityDataRoute,
    labelsRoute,
    signersRoute,
    pullPoliciesRoute,
    healthRoute,
    auditLogRoute,
    auditIntegrityRoute,
    auditSinksRoute,
    quotasRoute,
    configurationRoute,
    authenticationRoute,
    robotsRoute,
    groupsRoute,
  ]),
] as const
