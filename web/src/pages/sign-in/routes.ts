import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { rootRoute } from '../../shell/root-route.tsx'
import { localAddress } from '../../shell/route-search.ts'

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search): { next?: string; ended?: boolean } => ({
    ...(search['next'] === undefined ? {} : { next: localAddress(search['next']) }),
    ...(search['ended'] === true ? { ended: true } : {}),
  }),
  beforeLoad: ({ context, search }) => {
    if (context.session.user !== undefined) throw redirect({ href: search.next ?? '/' })
  },
  component: lazyRouteComponent(() => import('./sign-in-page.tsx'), 'SignInPage'),
})

export const signInRoutes = [signInRoute] as const
