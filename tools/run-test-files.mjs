// Runs files of tests, each in a process of its own and as many at once as there are processors. A file that fails
// is run once more, alone: tests that pass then are flaky, and the caller counts them.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseJunit } from './junit.mjs'

const testTimeoutMs = 30_000
/** Said of every file besides its tests; not a test of its own when it passes. */
export const runsToItsEnd = 'the file runs to its end'

/**
 * @param {{ files: readonly string[], root: string, atOnce: number, env: NodeJS.ProcessEnv, onRun?: (run: FileRun) => void }} options
 *   `files` relative to `root`, the most important to begin early first
 * @returns {Promise<FileRun[]>} in the order of `files`
 *
 * @typedef {{ name: string, outcome: 'passed' | 'failed' | 'flaky' | 'skipped' }} TestResult
 * @typedef {{ file: string, seconds: number, tests: TestResult[], output: string }} FileRun
 */
export async function runTestFiles({ files, root, atOnce, env, onRun = () => undefined }) {
  const first = await mapAtOnce(files, atOnce, async (file) => {
    const run = await runFile(file, { root, env })
    onRun(run)
    return run
  })
  const runs = []
  // One after another: what failed in company may pass when it has the machine to itself, and is reported as flaky.
  for (const run of first) runs.push(hasFailures(run) ? await runAgain(run, { root, env, onRun }) : run)
  return runs
}

const hasFailures = ({ tests }) => tests.some(({ outcome }) => outcome === 'failed')

async function runAgain(first, { root, env, onRun }) {
  const second = await runFile(first.file, { root, env })
  const namesOf = (outcome) => new Set(second.tests.filter((test) => test.outcome === outcome).map(({ name }) => name))
  const [passedNow, failedNow] = [namesOf('passed'), namesOf('failed')]
  // Two tests of a file may have the same name: one that fails again is not hidden by its namesake.
  const isFlaky = ({ name, outcome }) => outcome === 'failed' && passedNow.has(name) && !failedNow.has(name)
  const tests = first.tests.map((test) => (isFlaky(test) ? { ...test, outcome: 'flaky' } : test))
  const known = new Set(first.tests.map(({ name }) => name))
  // A file that ended early the first time has more to say the second time.
  const added = second.tests.filter(({ name }) => !known.has(name))
  const run = { ...second, seconds: first.seconds + second.seconds, tests: [...tests, ...added] }
  onRun({ ...run, again: true })
  return run
}

/** One process of `bun test`, with what it printed and the outcome of each of its tests. */
async function runFile(file, { root, env }) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-junit-'))
  const outfile = join(folder, 'junit.xml')
  const began = performance.now()
  try {
    const args = ['test', '--timeout', String(testTimeoutMs), '--reporter=junit', `--reporter-outfile=${outfile}`]
    const { code, output } = await runBun([...args, `./${file}`], { root, env })
    const tests = existsSync(outfile) ? parseJunit(readFileSync(outfile, 'utf8')) : []
    const results = tests.map(({ name, outcome }) => ({ name, outcome }))
    const failed = results.some(({ outcome }) => outcome === 'failed')
    // Always there, so that a second run can say that the file came to its end this time.
    const ended = results.length > 0 && (code === 0 || failed)
    results.push({ name: runsToItsEnd, outcome: ended ? 'passed' : 'failed' })
    const seconds = (performance.now() - began) / 1_000
    return { file, seconds, tests: results, output: ended ? output : `${output}\nbun test ended with ${code}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runBun(args, { root, env }) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(chunk))
    const end = (code) => resolve({ code, output: Buffer.concat(chunks).toString('utf8') })
    child.on('error', (error) => end(error.message))
    child.on('close', (code, signal) => end(code ?? signal))
  })
}

async function mapAtOnce(items, atOnce, map) {
  const results = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await map(items[index])
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, atOnce) }, worker))
  return results
}
