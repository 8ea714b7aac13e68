import { createRoute, redirect } from '@tanstack/react-router'
import { ApiError } from '../../api/api-error.ts'
import { call } from '../../api/client.ts'
import { shellRoute } from '../../shell/root-route.tsx'
import { placeOf } from './places.ts'

/** Bookmarks and links in chats from when this registry was a Harbor: they lead to the page here that shows the same. */
const harborRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/harbor/$',
  beforeLoad: async ({ params, context, location }) => {
    const place = placeOf(params._splat ?? '')
    if (place.projectId === undefined) throw redirect({ href: place.page, replace: true })
    const name = await findProjectName(place.projectId)
    if (name !== undefined)
      throw redirect({ href: `/projects/${encodeURIComponent(name)}${place.page}`, replace: true })
    // A private project is shown to nobody who has not signed in.
    if (context.session.user === undefined && !context.session.open)
      throw redirect({ to: '/sign-in' as string, search: { next: location.href } as never, replace: true })
    throw redirect({ href: '/projects', replace: true })
  },
})

async function findProjectName(id: number): Promise<string | undefined> {
  try {
    return (await call('GET /projects/{project_name_or_id}', { params: { project_name_or_id: id } })).name
  } catch (error) {
    if (error instanceof ApiError && [401, 403, 404].includes(error.status)) return undefined
    throw error
  }
}

export const harborBookmarkRoutes = [harborRoute] as const
