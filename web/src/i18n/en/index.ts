import { accounts } from './accounts.ts'
import { allowlist } from './allowlist.ts'
import { artifacts } from './artifacts.ts'
import { audit } from './audit.ts'
import { auditChain } from './audit-chain.ts'
import { clientCommands } from './client-commands.ts'
import { common } from './common.ts'
import { errors } from './errors.ts'
import { firstImage } from './first-image.ts'
import { firstRun } from './first-run.ts'
import { home } from './home.ts'
import { jobs } from './jobs.ts'
import { labels } from './labels.ts'
import { maintenance } from './maintenance.ts'
import { members } from './members.ts'
import { navigation } from './navigation.ts'
import { palette } from './palette.ts'
import { permissions } from './permissions.ts'
import { policies } from './policies.ts'
import { profile } from './profile.ts'
import { project } from './project.ts'
import { projects } from './projects.ts'
import { projectSettings } from './project-settings.ts'
import { pullPolicies } from './pull-policies.ts'
import { quarantine } from './quarantine.ts'
import { repositories } from './repositories.ts'
import { replication } from './replication.ts'
import { robots } from './robots.ts'
import { sbom } from './sbom.ts'
import { scan } from './scan.ts'
import { scanning } from './scanning.ts'
import { security } from './security.ts'
import { secondFactor } from './second-factor.ts'
import { secretOnce } from './secret-once.ts'
import { settings } from './settings.ts'
import { shell } from './shell.ts'
import { signatures } from './signatures.ts'
import { signing } from './signing.ts'
import { signIn } from './sign-in.ts'
import { system } from './system.ts'
import { systemRobots } from './system-robots.ts'
import { trash } from './trash.ts'
import { vex } from './vex.ts'
import { vulnerabilityExports } from './vulnerability-exports.ts'
import { webhooks } from './webhooks.ts'

/** A line for each area. */
export const messages = {
  accounts,
  allowlist,
  artifacts,
  audit,
  auditChain,
  clientCommands,
  common,
  errors,
  firstImage,
  firstRun,
  home,
  jobs,
  labels,
  maintenance,
  members,
  navigation,
  palette,
  permissions,
  policies,
  profile,
  project,
  projects,
  pullPolicies,
  projectSettings,
  replication,
  quarantine,
  repositories,
  robots,
  sbom,
  scan,
  scanning,
  secondFactor,
  secretOnce,
  security,
  settings,
  shell,
  signatures,
  signing,
  signIn,
  system,
  systemRobots,
  trash,
  vex,
  vulnerabilityExports,
  webhooks,
}
