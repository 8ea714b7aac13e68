import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/root-route.tsx'
import { artifactSearch } from '../artifacts/artifact-filter.ts'
import { listSearch } from '../../shell/route-search.ts'

const repositoryListRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('../bundles/browse.ts'), 'RepositoryListPage'),
})

const summaryRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName/summary',
  component: lazyRouteComponent(() => import('../bundles/browse.ts'), 'ProjectSummaryPage'),
})

const repositoryRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName/repositories/$repository',
  validateSearch: artifactSearch,
  component: lazyRouteComponent(() => import('../bundles/browse.ts'), 'RepositoryPage'),
})

const artifactRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName/repositories/$repository/artifacts/$reference',
  validateSearch: (search: Readonly<Record<string, unknown>>): { readonly tab?: string } =>
    typeof search['tab'] === 'string' ? { tab: search['tab'] } : {},
  component: lazyRouteComponent(() => import('../bundles/browse.ts'), 'ArtifactPage'),
})

export const repositoryRoutes = [repositoryListRoute, summaryRoute, repositoryRoute, artifactRoute] as const
