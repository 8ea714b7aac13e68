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
  component: lazyRouteComponent(() => import('../bundles/entrance.ts'), 'SignInPage'),
})

/** Where the server leads somebody new whom their OIDC provider has let in. */
const onboardingRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/oidc-onboard',
  validateSearch: (search): { username?: string; redirect_url?: string } => ({
    // A name of digits alone arrives as a number.
    ...(search['username'] === undefined ? {} : { username: String(search['username']) }),
    redirect_url: localAddress(search['redirect_url']),
  }),
  component: lazyRouteComponent(() => import('../bundles/entrance.ts'), 'OnboardingPage'),
})

export const signInRoutes = [signInRoute, onboardingRoute] as const
