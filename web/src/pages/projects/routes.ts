import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/root-route.tsx'
import { listSearch } from '../../shell/route-search.ts'

const projectListRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('../bundles/browse.ts'), 'ProjectListPage'),
})

export const projectRoutes = [projectListRoute] as const
