/** A page of the console; of a project, the page below it. */
interface Place {
  readonly projectId?: number
  readonly page: string
}

const home: Place = { page: '/' }

/** The console's pages by the first segments of an address of Harbor's portal (its app-routing). Longer ones first. */
const pages: readonly (readonly [harbor: string, page: string])[] = [
  ['sign-in', '/sign-in'],
  ['projects', '/projects'],
  ['logs', '/administration/audit-log'],
  ['users', '/administration/users'],
  ['robot-accounts', '/administration/robots'],
  ['groups', '/administration/groups'],
  ['registries', '/administration/registries'],
  ['replications', '/administration/replication'],
  ['labels', '/administration/labels'],
  ['project-quotas', '/administration/quotas'],
  ['clearing-job/audit-log-purge', '/administration/audit-log'],
  ['clearing-job', '/administration/garbage-collection'],
  ['gc', '/administration/garbage-collection'],
  ['job-service-dashboard/schedules', '/administration/schedules'],
  ['job-service-dashboard', '/administration/jobs'],
  ['interrogation-services/security-hub', '/administration/security'],
  ['interrogation-services/vulnerability', '/administration/security/scan-all'],
  ['interrogation-services', '/administration/scanners'],
  ['configs/auth', '/administration/authentication'],
  ['configs', '/administration/configuration'],
]

/** Of a project's tab in Harbor the page here; others are its list of repositories. */
const projectPages: Readonly<Record<string, string>> = {
  members: '/members',
  labels: '/labels',
  'robot-account': '/robots',
  logs: '/logs',
  configs: '/settings',
  scanner: '/settings',
  'tag-strategy': '/policies',
}

/** Where an address below /harbor/ leads; what is not known leads home. */
export function placeOf(path: string): Place {
  const segments = path.split('/').filter((segment) => segment !== '')
  if (segments[0] === 'projects' && /^\d+$/.test(segments[1] ?? ''))
    return { projectId: Number(segments[1]), page: projectPage(segments.slice(2)) }
  const found = pages.find(([harbor]) => `${segments.join('/')}/`.startsWith(`${harbor}/`))
  return found === undefined ? home : { page: found[1] }
}

/**
 * `repositories/NAME/artifacts-tab/artifacts/DIGEST`, as Harbor writes it; older ones lack `artifacts-tab`. The router
 * has decoded the slashes within NAME already, so NAME ends where something follows that is none of it.
 */
function projectPage(segments: readonly string[]): string {
  const [tab = '', ...rest] = segments
  if (tab !== 'repositories') return projectPages[tab] ?? ''
  const [, name = '', digest] = nameAndDigest.exec(decoded(rest.join('/'))) ?? []
  if (name === '') return ''
  const page = `/repositories/${encodeURIComponent(name)}`
  return digest === undefined ? page : `${page}/artifacts/${digest}`
}

const nameAndDigest = /^(.+?)(?:\/artifacts-tab)?(?:\/artifacts(?:\/.*?(sha256:[0-9a-f]{64}))?)?$/

/** Harbor encodes the slashes in the name of a repository, at times twice. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
