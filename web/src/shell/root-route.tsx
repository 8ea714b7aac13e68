import type { QueryClient } from '@tanstack/react-query'
import { createRootRouteWithContext, createRoute, Outlet, redirect } from '@tanstack/react-router'
import { sessionQuery } from '../api/session.ts'
import { Shell } from './shell.tsx'

/** Every page knows who is here before it is drawn. */
export const rootRoute = createRootRouteWithContext<{ readonly client: QueryClient }>()({
  beforeLoad: async ({ context }) => ({ session: await context.client.ensureQueryData(sessionQuery) }),
  component: Outlet,
})

/** Pages with the navigation around them, which may be looked at without an account. */
export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: ({ context }) => {
    if (context.session.mustChangePassword) throw redirect({ to: '/first-run' as string })
  },
  component: Shell,
})

/** Pages for who has signed in; others are asked to, and come back. */
export const signedInRoute = createRoute({
  getParentRoute: () => shellRoute,
  id: 'signed-in',
  beforeLoad: ({ context, location }) => {
    if (context.session.user === undefined && !context.session.open)
      throw redirect({ to: '/sign-in' as string, search: { next: location.href } as never })
  },
  component: Outlet,
})
