export interface TestResult {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'flaky' | 'skipped'
}

export interface FileRun {
  readonly file: string
  readonly seconds: number
  readonly tests: readonly TestResult[]
  /** All that its process printed. */
  readonly output: string
  /** True for the second run of a file that failed. */
  readonly again?: boolean
}

/** Said of every file besides its tests; not a test of its own when it passes. */
export const runsToItsEnd: string

/** Runs files of tests, each in a process of its own, `atOnce` of them side by side; in the order of `files`. */
export function runTestFiles(options: {
  /** Relative to `root`. */
  readonly files: readonly string[]
  readonly root: string
  readonly atOnce: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onRun?: (run: FileRun) => void
}): Promise<readonly FileRun[]>
