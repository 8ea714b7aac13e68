import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/root-route.tsx'
import { auditSearch } from './audit/audit-filter.ts'
import { listSearch } from '../../shell/route-search.ts'

const administrationRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/administration',
  component: lazyRouteComponent(() => import('./administrators-only.tsx'), 'AdministratorsOnly'),
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
  component: lazyRouteComponent(() => import('./users/users-page.tsx'), 'UsersPage'),
})

const jobsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/jobs',
  component: lazyRouteComponent(() => import('./jobs/jobs-page.tsx'), 'JobsPage'),
})

const jobRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/jobs/$jobId',
  component: lazyRouteComponent(() => import('./jobs/job-page.tsx'), 'JobPage'),
})

const queuesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/queues',
  component: lazyRouteComponent(() => import('./jobs/queues-page.tsx'), 'QueuesPage'),
})

const schedulesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/schedules',
  component: lazyRouteComponent(() => import('./jobs/schedules-page.tsx'), 'SchedulesPage'),
})

const garbageRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/garbage-collection',
  component: lazyRouteComponent(() => import('./garbage/garbage-page.tsx'), 'GarbagePage'),
})

const scrubRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/scrub',
  component: lazyRouteComponent(() => import('./scrub/scrub-page.tsx'), 'ScrubPage'),
})

const groupsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/groups',
  component: lazyRouteComponent(() => import('./groups/groups-page.tsx'), 'GroupsPage'),
})

const robotsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/robots',
  component: lazyRouteComponent(() => import('./robots/robots-page.tsx'), 'RobotsPage'),
})

const authenticationRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/authentication',
  component: lazyRouteComponent(() => import('./settings/authentication-page.tsx'), 'AuthenticationPage'),
})

const configurationRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/configuration',
  component: lazyRouteComponent(() => import('./settings/configuration-page.tsx'), 'ConfigurationPage'),
})

const quotasRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/quotas',
  component: lazyRouteComponent(() => import('./quotas/quotas-page.tsx'), 'QuotasPage'),
})

const auditLogRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/audit-log',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('./audit/audit-page.tsx'), 'AuditPage'),
})

const healthRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/health',
  component: lazyRouteComponent(() => import('./health/health-page.tsx'), 'HealthPage'),
})

const labelsRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/labels',
  component: lazyRouteComponent(() => import('./labels/system-labels-page.tsx'), 'SystemLabelsPage'),
})

const registriesRoute = createRoute({
  getParentRoute: () => administrationRoute,
  path: '/registries',
  component: lazyRouteComponent(() => import('./registries/registries-page.tsx'), 'RegistriesPage'),
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
    labelsRoute,
    healthRoute,
    auditLogRoute,
    quotasRoute,
    configurationRoute,
    authenticationRoute,
    robotsRoute,
    groupsRoute,
  ]),
] as const
