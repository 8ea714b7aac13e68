import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { rootRoute } from '../../shell/root-route.tsx'

const firstRunRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/first-run',
  beforeLoad: ({ context }) => {
    if (!context.session.mustChangePassword) throw redirect({ to: '/' })
  },
  component: lazyRouteComponent(() => import('../bundles/entrance.ts'), 'FirstRunPage'),
})

export const firstRunRoutes = [firstRunRoute] as const
