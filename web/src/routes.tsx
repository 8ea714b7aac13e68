import type { QueryClient } from '@tanstack/react-query'
import { createRouter } from '@tanstack/react-router'
import { administrationRoutes } from './pages/administration/routes.ts'
import { firstImageRoutes } from './pages/first-image/routes.ts'
import { firstRunRoutes } from './pages/first-run/routes.ts'
import { harborBookmarkRoutes } from './pages/harbor-bookmarks/routes.ts'
import { homeRoutes } from './pages/home/routes.ts'
import { profileRoutes } from './pages/profile/routes.ts'
import { projectMemberRoutes } from './pages/project/routes.ts'
import { projectRoutes } from './pages/projects/routes.ts'
import { repositoryRoutes } from './pages/repositories/routes.ts'
import { signInRoutes } from './pages/sign-in/routes.ts'
import { CrashPage, MissingPage } from './shell/fallback-pages.tsx'
import { rootRoute, shellRoute, signedInRoute } from './shell/root-route.tsx'

/** Every address of the console: a line for each area, which has its own routes.ts. */
const routeTree = rootRoute.addChildren([
  ...signInRoutes,
  ...firstRunRoutes,
  shellRoute.addChildren([
    ...projectRoutes,
    ...repositoryRoutes,
    ...harborBookmarkRoutes,
    signedInRoute.addChildren([
      ...administrationRoutes,
      ...profileRoutes,
      ...projectMemberRoutes,
      ...homeRoutes,
      ...firstImageRoutes,
    ]),
  ]),
])

export function createConsoleRouter(client: QueryClient) {
  return createRouter({
    routeTree,
    context: { client },
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultNotFoundComponent: MissingPage,
    defaultErrorComponent: CrashPage,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createConsoleRouter>
  }
}
