// Types, lint and format: what can be said without running anything. `npm run check`, and a lane of `npm test`.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
// Run by Bun, because their own first line asks for a newer Node than the one that may be here.
const tool = (name, ...args) => [process.execPath, join(root, 'node_modules', '.bin', name), ...args]

const typesSeen = join(root, 'node_modules', '.cache', 'tsc.tsbuildinfo')

export const checks = [
  { name: 'types of the API for the console', command: [process.execPath, join(root, 'tools', 'write-api-types.ts')] },
  // Remembers what it has checked: the second run looks at what changed.
  { name: 'types (tsc)', command: tool('tsc', '--project', root, '--incremental', '--tsBuildInfoFile', typesSeen) },
  { name: 'lint (oxlint)', command: tool('oxlint') },
  { name: 'format (oxfmt --check)', command: tool('oxfmt', '--check', '.') },
]

/** Runs one check with its output on the terminal; true when it found nothing. */
export function runCheck({ name, command: [file, ...args] }) {
  console.log(`── ${name}`)
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit' })
  if (error) console.error(`${name} could not be started: ${error.message}`)
  return status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const failed = checks.filter((check) => !runCheck(check))
  if (failed.length > 0) {
    console.error(`\nfailed: ${failed.map(({ name }) => name).join(', ')}`)
    process.exit(1)
  }
}
