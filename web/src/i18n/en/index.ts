import { artifacts } from './artifacts.ts'
import { common } from './common.ts'
import { errors } from './errors.ts'
import { firstImage } from './first-image.ts'
import { firstRun } from './first-run.ts'
import { home } from './home.ts'
import { navigation } from './navigation.ts'
import { members } from './members.ts'
import { trash } from './trash.ts'
import { labels } from './labels.ts'
import { audit } from './audit.ts'
import { projectSettings } from './project-settings.ts'
import { project } from './project.ts'
import { projects } from './projects.ts'
import { repositories } from './repositories.ts'
import { shell } from './shell.ts'
import { signIn } from './sign-in.ts'

/** A line for each area. */
export const messages = {
  projectSettings,
  audit,
  labels,
  trash,
  members,
  artifacts,
  common,
  errors,
  firstImage,
  firstRun,
  home,
  navigation,
  project,
  projects,
  repositories,
  shell,
  signIn,
}
