import type { Session } from '../api/session.ts'
import { HomeIcon, ProjectIcon, PushIcon, type Icon } from '../components/icons.ts'
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
]
