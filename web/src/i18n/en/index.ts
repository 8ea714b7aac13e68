import { artifacts } from './artifacts.ts'
import { audit } from './audit.ts'
import { common } from './common.ts'
import { errors } from './errors.ts'
import { firstImage } from './first-image.ts'
import { firstRun } from './first-run.ts'
import { home } from './home.ts'
import { labels } from './labels.ts'
import { members } from './members.ts'
import { navigation } from './navigation.ts'
import { palette } from './palette.ts'
import { project } from './project.ts'
import { projectSettings } from './project-settings.ts'
import { projects } from './projects.ts'
import { repositories } from './repositories.ts'
import { shell } from './shell.ts'
import { signIn } from './sign-in.ts'
import { permissions } from './permissions.ts'
import { robots } from './robots.ts'
import { secretOnce } from './secret-once.ts'
import { trash } from './trash.ts'

/** A line for each area. */
export const messages = {
  permissions,
  robots,
  secretOnce,
  artifacts,
  audit,
  common,
  errors,
  firstImage,
  firstRun,
  home,
  labels,
  members,
  navigation,
  palette,
  project,
  projectSettings,
  projects,
  repositories,
  shell,
  signIn,
  trash,
}
