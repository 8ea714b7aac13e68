import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '../../shell/root-route.tsx'
import { artifactSearch } from '../artifacts/artifact-filter.ts'
import { listSearch } from '../../shell/route-search.ts'

const repositoryListRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./repository-list-page.tsx'), 'RepositoryListPage'),
})

const repositoryRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName/repositories/$repository',
  validateSearch: artifactSearch,
  component: lazyRouteComponent(() => import('./repository-page.tsx'), 'RepositoryPage'),
})

const artifactRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/projects/$projectName/repositories/$repository/artifacts/$reference',
  validateSearch: (search: Readonly<Record<string, unknown>>): { readonly tab?: string } =>
    typeof search['tab'] === 'string' ? { tab: search['tab'] } : {},
  component: lazyRouteComponent(() => import('../artifacts/artifact-page.tsx'), 'ArtifactPage'),
})

export const repositoryRoutes = [repositoryListRoute, repositoryRoute, artifactRoute] as const
