import type { Icon } from '../../components/icons.ts'
import {
  AuditIcon,
  GroupIcon,
  InfoIcon,
  LabelIcon,
  PolicyIcon,
  RepositoryIcon,
  RobotIcon,
  SettingsIcon,
  TrashBinIcon,
  TrustIcon,
  WebhookIcon,
} from '../../components/icons.ts'
import type { Messages } from '../../i18n/languages.ts'

export interface ProjectTab {
  /** Key of the catalogue `project`, under `tabs`. */
  readonly label: keyof Messages['project']['tabs']
  readonly icon: Icon
  /** Below the project: `/projects/$projectName` + this. */
  readonly path: '' | `/${string}`
  /** The permission in the project without which it is not offered; none: everybody who sees the project. */
  readonly needs?: readonly [resource: string, action: string]
}

/** The pages of a project, in the order in which they are offered. A page adds its line here. */
export const projectTabs: readonly ProjectTab[] = [
  { label: 'summary', icon: InfoIcon, path: '/summary' },
  { label: 'repositories', icon: RepositoryIcon, path: '' },
  { label: 'members', icon: GroupIcon, path: '/members', needs: ['member', 'list'] },
  { label: 'robots', icon: RobotIcon, path: '/robots', needs: ['robot', 'list'] },
  { label: 'pullPolicies', icon: TrustIcon, path: '/pull-policies', needs: ['configuration', 'read'] },
  { label: 'policies', icon: PolicyIcon, path: '/policies', needs: ['tag-retention', 'read'] },
  { label: 'webhooks', icon: WebhookIcon, path: '/webhooks', needs: ['notification-policy', 'list'] },
  { label: 'labels', icon: LabelIcon, path: '/labels', needs: ['label', 'list'] },
  { label: 'trash', icon: TrashBinIcon, path: '/trash', needs: ['trash', 'list'] },
  { label: 'logs', icon: AuditIcon, path: '/logs', needs: ['log', 'list'] },
  { label: 'settings', icon: SettingsIcon, path: '/settings', needs: ['project', 'update'] },
]
