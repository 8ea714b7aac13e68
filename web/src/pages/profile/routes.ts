import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/root-route.tsx'

const profileRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/profile',
  component: lazyRouteComponent(() => import('../bundles/profile.ts'), 'ProfilePage'),
})

const tokensRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/profile/tokens',
  component: lazyRouteComponent(() => import('../bundles/profile.ts'), 'TokensPage'),
})

/** What somebody has of their own. */
export const profileRoutes = [profileRoute, tokensRoute] as const
