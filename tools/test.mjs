// `npm test`: brings what the tests need, runs the lanes one after another, and ends with one line that
// says how many tests passed, failed and were skipped.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildConsole } from './build-console.mjs'
import { checks, runCheck } from './check.mjs'
import { parseJunit } from './junit.mjs'
import { findPostgres, startTestPostgres } from './test-postgres.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const usage = `npm test -- [options]

  --only <lane>   check, unit, conformance or crash; may be given again
  --long          also what takes long: more repetitions, larger layers
  --no-install    install nothing: what is missing is skipped
`
const laneNames = ['check', 'unit', 'conformance', 'crash']
const options = parseOptions(process.argv.slice(2))

/** Every test of this run: { lane, name, outcome: 'passed' | 'failed' | 'skipped' }. */
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
  for (const lane of ['unit', 'conformance', 'crash']) {
    if (options.lanes.includes(lane)) await runTests(lane)
  }
} finally {
  await postgres?.stop()
}
report()

function parseOptions(args) {
  const lanes = []
  const given = { lanes: laneNames, long: false, install: true }
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index]
    if (arg === '--long') given.long = true
    else if (arg === '--no-install') given.install = false
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
    const { status } = spawnSync('bash', [clients], { cwd: root, stdio: 'inherit', timeout: 10 * 60_000 })
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

async function runTests(lane) {
  const files = findTestFiles().filter((file) => laneOf(file) === lane)
  if (files.length === 0) {
    record(lane, `there are tests in the lane ${lane}`, 'failed')
    return
  }
  console.log(`── ${lane}: ${files.length} files`)
  const folder = mkdtempSync(join(tmpdir(), 'berth-junit-'))
  const outfile = join(folder, 'junit.xml')
  // Once more what fails once: browsers, clients and killed processes share one machine here. A broken rule fails twice, and
  // the first failure stands in the output.
  const command = [
    'test',
    '--timeout',
    '30000',
    '--retry',
    '1',
    '--only-failures',
    '--reporter=junit',
    `--reporter-outfile=${outfile}`,
  ]
  const environment = { ...process.env, ...(options.long ? { BERTH_TEST_LONG: '1' } : {}) }
  const code = await run([...command, ...files.map((file) => `./${file}`)], environment)
  const tests = existsSync(outfile) ? parseJunit(readFileSync(outfile, 'utf8')) : []
  rmSync(folder, { recursive: true })
  reportLongest(tests)
  for (const test of tests) record(lane, `${test.file} › ${test.name}`, test.outcome)
  const failed = tests.some((test) => test.outcome === 'failed')
  if (tests.length === 0 || (code !== 0 && !failed)) {
    record(lane, `the lane ${lane} runs to its end (bun test ended with ${code})`, 'failed')
  }
}

/** Where the time of a lane goes, so that it can be kept short. */
function reportLongest(tests) {
  const seconds = new Map()
  for (const test of tests) seconds.set(test.file, (seconds.get(test.file) ?? 0) + test.seconds)
  const longest = [...seconds].toSorted(([, a], [, b]) => b - a).slice(0, 8)
  console.log(`── longest: ${longest.map(([file, sum]) => `${file} ${Math.round(sum)} s`).join(', ')}`)
}

function run(args, env) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env })
    child.on('error', () => resolve(-1))
    child.on('exit', (code, signal) => resolve(code ?? signal))
  })
}

function report() {
  const having = (outcome) => results.filter((result) => result.outcome === outcome)
  const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(having)
  if (skipped.length > 0) {
    console.log(`\nskipped (${skipped.length}):`)
    for (const { lane, name } of skipped) console.log(`  [${lane}] ${name}`)
  }
  for (const sentence of notices) console.log(`\n!! ${sentence}`)
  if (failed.length > 0) {
    console.log(`\nfailed (${failed.length}):`)
    for (const { lane, name } of failed) console.log(`  [${lane}] ${name}`)
  }
  console.log(`\n${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`)
  process.exit(failed.length > 0 ? 1 : 0)
}
