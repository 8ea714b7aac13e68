import type { Session } from '../api/session.ts'
import {
  AuditIcon,
  AuthenticationIcon,
  ConfigurationIcon,
  DatabaseIcon,
  GarbageIcon,
  GroupIcon,
  HealthIcon,
  HomeIcon,
  JobIcon,
  LabelIcon,
  PolicyIcon,
  ProjectIcon,
  PushIcon,
  QuotaIcon,
  RegistryIcon,
  ReplicationIcon,
  RobotIcon,
  ScanIcon,
  ScrubIcon,
  TrustIcon,
  UserIcon,
  type Icon,
} from '../components/icons.ts'
import type { Messages } from '../i18n/languages.ts'

/** Key of the catalogue `navigation`. */
export type NavigationLabel = keyof Messages['navigation']

export interface NavigationEntry {
  readonly label: NavigationLabel
  /** An address of the console. */
  readonly to: string
  readonly icon: Icon
  /** Who sees it; default: everybody. */
  readonly shownTo?: (session: Session) => boolean
}

export interface NavigationGroup {
  readonly label?: NavigationLabel
  readonly entries: readonly NavigationEntry[]
}

const toAdministrators = ({ isAdministrator }: Session): boolean => isAdministrator
const toSecurity = ({ duties }: Session): boolean => duties.includes('security')
const toAudit = ({ duties }: Session): boolean => duties.includes('audit')

/** The navigation at the left; the command palette offers the same. */
export const navigation: readonly NavigationGroup[] = [
  {
    entries: [
      { label: 'home', to: '/', icon: HomeIcon, shownTo: ({ user, open }) => user !== undefined || open },
      { label: 'projects', to: '/projects', icon: ProjectIcon },
      {
        label: 'firstImage',
        to: '/first-image',
        icon: PushIcon,
        shownTo: ({ user, open }) => user !== undefined || open,
      },
    ],
  },
  {
    label: 'administration',
    entries: [
      { label: 'users', to: '/administration/users', icon: UserIcon, shownTo: toAdministrators },
      { label: 'groups', to: '/administration/groups', icon: GroupIcon, shownTo: toAdministrators },
      { label: 'robots', to: '/administration/robots', icon: RobotIcon, shownTo: toAdministrators },
      {
        label: 'authentication',
        to: '/administration/authentication',
        icon: AuthenticationIcon,
        shownTo: toAdministrators,
      },
      { label: 'quotas', to: '/administration/quotas', icon: QuotaIcon, shownTo: toAdministrators },
      { label: 'labels', to: '/administration/labels', icon: LabelIcon, shownTo: toAdministrators },
      { label: 'signers', to: '/administration/signers', icon: TrustIcon, shownTo: toSecurity },
      { label: 'pullPolicies', to: '/administration/pull-policies', icon: PolicyIcon, shownTo: toSecurity },
      { label: 'registries', to: '/administration/registries', icon: RegistryIcon, shownTo: toAdministrators },
      { label: 'replication', to: '/administration/replication', icon: ReplicationIcon, shownTo: toAdministrators },
      { label: 'security', to: '/administration/security', icon: PolicyIcon, shownTo: toSecurity },
      { label: 'scanners', to: '/administration/scanners', icon: ScanIcon, shownTo: toSecurity },
      {
        label: 'vulnerabilityData',
        to: '/administration/vulnerability-data',
        icon: DatabaseIcon,
        shownTo: toSecurity,
      },
      { label: 'jobs', to: '/administration/jobs', icon: JobIcon, shownTo: toAdministrators },
      {
        label: 'garbageCollection',
        to: '/administration/garbage-collection',
        icon: GarbageIcon,
        shownTo: toAdministrators,
      },
      { label: 'scrub', to: '/administration/scrub', icon: ScrubIcon, shownTo: toAdministrators },
      { label: 'auditLog', to: '/administration/audit-log', icon: AuditIcon, shownTo: toAudit },
      {
        label: 'configuration',
        to: '/administration/configuration',
        icon: ConfigurationIcon,
        shownTo: toAdministrators,
      },
      { label: 'health', to: '/administration/health', icon: HealthIcon, shownTo: toAdministrators },
    ],
  },
]
