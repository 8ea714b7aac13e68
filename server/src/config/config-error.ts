/** One thing that is wrong with the configuration. */
export interface ConfigProblem {
  /** Stable, for tests and for people who search. */
  readonly code:
    | 'FILE_UNREADABLE'
    | 'FILE_INVALID'
    | 'SETTING_UNKNOWN'
    | 'SETTING_INVALID'
    | 'SETTING_TWICE'
    | 'SETTINGS_CONTRADICT'
    | 'OPEN_NOT_LOOPBACK'
    | 'PASSWORD_NOT_CHOSEN'
    | 'OUTER_KEY_MISSING'
    | 'OUTER_KEY_UNREADABLE'
    | 'OUTER_KEY_DIFFERS'
  /** Path of the setting (`http.port`), or the file's name. */
  readonly setting: string
  /** The fault and its remedy. */
  readonly message: string
}

/** Everything that is wrong with the configuration, found in one go. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(({ setting, message }) => `${setting}: ${message}`).join('\n'))
    this.problems = problems
  }
}
