import { common } from './common.ts'
import { errors } from './errors.ts'
import { home } from './home.ts'
import { navigation } from './navigation.ts'
import { projects } from './projects.ts'
import { shell } from './shell.ts'
import { signIn } from './sign-in.ts'

/** A line for each area. */
export const messages = { common, errors, home, navigation, projects, shell, signIn }
