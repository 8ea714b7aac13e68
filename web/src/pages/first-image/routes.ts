import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { signedInRoute } from '../../shell/root-route.tsx'

const firstImageRoute = createRoute({
  getParentRoute: () => signedInRoute,
  path: '/first-image',
  component: lazyRouteComponent(() => import('./first-image-page.tsx'), 'FirstImagePage'),
})

export const firstImageRoutes = [firstImageRoute] as const
