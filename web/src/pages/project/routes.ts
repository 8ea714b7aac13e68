import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/root-route.tsx'
import { wishIn } from './pull-policies/exemption-draft.ts'

const membersRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/members',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'MembersPage'),
})

const robotsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/robots',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'ProjectRobotsPage'),
})

const policiesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/policies',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'PoliciesPage'),
})

const pullPoliciesRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/pull-policies',
  validateSearch: wishIn,
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'PullPoliciesPage'),
})

const retentionRunRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/policies/retention/$runId',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'RetentionRunPage'),
})

const webhooksRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/webhooks',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'WebhooksPage'),
})

const webhookRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/webhooks/$webhookId',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'WebhookPage'),
})

const labelsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/labels',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'ProjectLabelsPage'),
})

const trashRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/trash',
  validateSearch: ({ run }: Readonly<Record<string, unknown>>): { readonly run?: number } =>
    typeof run === 'number' && Number.isSafeInteger(run) ? { run } : {},
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'TrashPage'),
})

const logsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/logs',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'ProjectLogsPage'),
})

const settingsRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/projects/$projectName/settings',
  component: lazyRouteComponent(() => import('../bundles/project.ts'), 'ProjectSettingsPage'),
})

/** Pages of a project for its members. What everybody may see of a public one is in ../repositories. */
export const projectMemberRoutes = [
  membersRoute,
  robotsRoute,
  policiesRoute,
  pullPoliciesRoute,
  retentionRunRoute,
  webhooksRoute,
  webhookRoute,
  labelsRoute,
  trashRoute,
  logsRoute,
  settingsRoute,
] as const
