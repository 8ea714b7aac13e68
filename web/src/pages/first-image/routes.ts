import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/root-route.tsx'

const firstImageRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/first-image',
  component: lazyRouteComponent(() => import('../bundles/start.ts'), 'FirstImagePage'),
})

export const firstImageRoutes = [firstImageRoute] as const
