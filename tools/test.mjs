// `npm test`: brings what the tests need, runs the lanes, and ends with one line that
// says how many tests passed, failed and were skipped.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildConsole } from './build-console.mjs'
import { checks, runCheck } from './check.mjs'
import { runsToItsEnd, runTestFiles } from './run-test-files.mjs'
import { findPostgres, startTestPostgres } from './test-postgres.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const usage = `npm test -- [options]

  --only <lane>   check, unit, conformance or crash; may be given again
  --long          also what takes long: more repetitions, larger layers
  --jobs <n>      files of tests at once; default: one more than there are processors
  --no-install    install nothing: what is missing is skipped
`
/** A run with more tests than these that needed a second try fails: their causes are to be mended. */
const maxFlaky = 3
/** Two processes must agree on these as one does: who may do what, and what a killed process leaves behind. */
const alsoWithTwoWorkers = [
  'conformance/api/permission-matrix.test.ts',
  'conformance/crash/killed-at-every-step-of-a-push.test.ts',
  'conformance/crash/killed-at-every-step-of-a-job.test.ts',
  'conformance/crash/one-hundred-pushes-at-once.test.ts',
]
const laneNames = ['check', 'unit', 'conformance', 'crash']
const options = parseOptions(process.argv.slice(2))

/** Every test of this run: { lane, name, outcome: 'passed' | 'failed' | 'flaky' | 'skipped' }. */
const results = []
/** Things to say loudly again at the end. */
const notices = []

const postgres = await prepare()
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    if (stopping) return
    stopping = true
    await postgres?.stop()
    process.exit(130)
  })
}
try {
  if (options.lanes.includes('check')) {
    for (const check of checks) record('check', check.name, runCheck(check) ? 'passed' : 'failed')
  }
  const lanes = ['conformance', 'crash', 'unit'].filter((lane) => options.lanes.includes(lane))
  if (lanes.length > 0) await runTests(lanes)
} finally {
  await postgres?.stop()
}
report()

function parseOptions(args) {
  const lanes = []
  const given = { lanes: laneNames, long: false, install: true, jobs: availableParallelism() + 1 }
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]
    if (arg === '--long') given.long = true
    else if (arg === '--no-install') given.install = false
    else if (arg === '--jobs' && /^[1-9]\d?$/.test(args[index + 1] ?? '')) given.jobs = Number(args[(index += 1)])
    else if (arg === '--only' && laneNames.includes(args[index + 1])) lanes.push(args[(index += 1)])
    else {
      console.error(usage)
      process.exit(arg === '--help' || arg === '-h' ? 0 : 2)
    }
  }
  return lanes.length > 0 ? { ...given, lanes } : given
}

function record(lane, name, outcome) {
  results.push({ lane, name, outcome })
}

function notice(sentence) {
  notices.push(sentence)
  console.error(`\n!! ${sentence}\n`)
}

/** Installs what is missing where that is possible, and starts a PostgreSQL for the suites of rules and queries. */
async function prepare() {
  const needed = options.lanes.some((lane) => lane !== 'check')
  if (!needed) return undefined
  if (options.install) installPackages()
  try {
    await buildConsole()
  } catch (error) {
    record('unit', 'the console is built', 'failed')
    notice(error.message)
  }
  const clients = join(root, 'conformance', 'install-clients.sh')
  if (options.install && options.lanes.includes('conformance') && existsSync(clients)) {
    const { status } = spawnSync('bash', [clients], { cwd: root, stdio: 'inherit', timeout: 25 * 60_000 })
    if (status !== 0) notice('conformance/install-clients.sh failed: scenarios with missing clients are skipped')
  }
  if (process.env.BERTH_TEST_POSTGRES) return undefined
  try {
    const started = await startTestPostgres()
    if (started !== undefined) {
      process.env.BERTH_TEST_POSTGRES = started.url
      return started
    }
    notice('no PostgreSQL here: its half of the database suites is skipped (apt-get install postgresql)')
  } catch (error) {
    record('unit', 'a PostgreSQL for the tests starts', 'failed')
    notice(`PostgreSQL is installed but did not start: ${error.message}`)
  }
  return undefined
}

function installPackages() {
  const wanted = []
  if (findPostgres() === undefined) wanted.push('postgresql')
  if (!hasCommand('openssl')) wanted.push('openssl')
  if (wanted.length === 0) return
  if (process.getuid?.() !== 0 || !hasCommand('apt-get')) {
    notice(`${wanted.join(' and ')} missing, and only root with apt-get could install: their tests are skipped`)
    return
  }
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2], env: environment }).status === 0
  apt('update', '-q')
  if (!apt('install', '-q', '-y', '--no-install-recommends', ...wanted)) {
    notice(`apt-get could not install ${wanted.join(' and ')}: their tests are skipped`)
  }
}

function hasCommand(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0
}

function laneOf(file) {
  if (/(^|\/)crash\//.test(file)) return 'crash'
  return file.startsWith('conformance/') ? 'conformance' : 'unit'
}

function findTestFiles(folder = root) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      return /^(node_modules|dist|\.git|\.cache|berth-data|out)$/.test(entry.name) ? [] : findTestFiles(path)
    }
    return /\.test\.(tsx?|mjs)$/.test(entry.name) ? [relative(root, path)] : []
  })
}

/**
 * All files of the chosen lanes in one queue: those of `conformance` and `crash` mostly wait for clients and processes,
 * so that tests of `unit` fill the processors meanwhile.
 */
async function runTests(lanes) {
  const all = findTestFiles()
  const files = lanes.flatMap((lane) => {
    const own = all.filter((file) => laneOf(file) === lane)
    if (own.length === 0) record(lane, `there are tests in the lane ${lane}`, 'failed')
    return own
  })
  console.log(`── ${lanes.join(', ')}: ${files.length} files, ${options.jobs} at once`)
  const env = { ...process.env, ...(options.long ? { BERTH_TEST_LONG: '1' } : {}) }
  const runs = await runTestFiles({ files, root, atOnce: options.jobs, env, onRun: printing(files.length) })
  recordRuns(runs, '')
  const again = files.filter((file) => alsoWithTwoWorkers.includes(file))
  if (again.length > 0) {
    console.log(`── with 2 workers: ${again.length} files`)
    const twoWorkers = { ...env, BERTH_CONFORMANCE_WORKERS: '2' }
    const onRun = printing(again.length)
    recordRuns(await runTestFiles({ files: again, root, atOnce: options.jobs, env: twoWorkers, onRun }), ' (2 workers)')
  }
  reportLongest(runs)
}

/** Prints each file as it ends, with its place among `total`. */
function printing(total) {
  let ended = 0
  return (run) => console.log(describeRun(run, run.again ? 'again' : `${(ended += 1)}/${total}`))
}

function recordRuns(runs, suffix) {
  for (const { file, tests } of runs) {
    for (const { name, outcome } of tests) {
      if (name !== runsToItsEnd || outcome !== 'passed') record(laneOf(file), `${file}${suffix} › ${name}`, outcome)
    }
  }
}

/** One line for a file; all that it printed when a test of it failed or was skipped. */
function describeRun({ file, seconds, tests, output }, count) {
  const number = (outcome) => tests.filter((test) => test.outcome === outcome && test.name !== runsToItsEnd).length
  const failed = tests.filter(({ outcome }) => outcome === 'failed' || outcome === 'flaky')
  const line = `${failed.length > 0 ? '✗' : '✓'} [${count}] ${file}: ${number('passed')} passed, ${number('skipped')} skipped, ${seconds.toFixed(1)} s`
  return failed.length > 0 ? `${line}, ${failed.length} FAILED\n${output.trimEnd()}\n` : line
}

/** Where the time goes, so that it can be kept short. */
function reportLongest(runs) {
  const longest = runs.toSorted((a, b) => b.seconds - a.seconds).slice(0, 12)
  console.log(`── longest: ${longest.map(({ file, seconds }) => `${file} ${Math.round(seconds)} s`).join(', ')}`)
}

function report() {
  const having = (outcome) => results.filter((result) => result.outcome === outcome)
  const [passed, failed, flaky, skipped] = ['passed', 'failed', 'flaky', 'skipped'].map(having)
  if (skipped.length > 0) {
    console.log(`\nskipped (${skipped.length}):`)
    for (const { lane, name } of skipped) console.log(`  [${lane}] ${name}`)
  }
  for (const sentence of notices) console.log(`\n!! ${sentence}`)
  if (flaky.length > 0) {
    console.log(`\nflaky (${flaky.length}): failed once and passed when run alone`)
    for (const { lane, name } of flaky) console.log(`  [${lane}] ${name}`)
  }
  const tooFlaky = flaky.length > maxFlaky
  if (tooFlaky) console.log(`\nmore than ${maxFlaky} flaky tests: the run fails`)
  if (failed.length > 0) {
    console.log(`\nfailed (${failed.length}):`)
    for (const { lane, name } of failed) console.log(`  [${lane}] ${name}`)
  }
  // A flaky test has passed at last; where there are too many of them, they count as failures.
  const [good, bad] = tooFlaky ? [passed, [...failed, ...flaky]] : [[...passed, ...flaky], failed]
  console.log(`\n${good.length} passed, ${bad.length} failed, ${skipped.length} skipped`)
  process.exit(bad.length > 0 ? 1 : 0)
}
