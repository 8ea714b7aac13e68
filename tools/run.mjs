#!/usr/bin/env node
// The one door of every npm script. Plain Node >= 18 without packages, because it runs before any is
// installed: it brings node_modules up to the lock file, finds the Bun binary of this machine, starts it.
// The scripts say `exec node`: npm's SIGTERM then reaches this program and not a shell that forgets it.
import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const tasks = {
  start: (flags) => ['cli/src/main.ts', 'serve', ...flags],
  berth: (flags) => ['cli/src/main.ts', ...flags],
  test: (flags) => ['tools/test.mjs', ...flags],
  check: (flags) => ['tools/check.mjs', ...flags],
  build: (flags) => ['tools/build.mjs', ...flags],
  release: (flags) => ['tools/release/main.ts', ...flags],
  bench: ([first, ...flags]) =>
    first === 'scale' || first === 'garbage' || first === 'scanning'
      ? [`bench/${first}/main.ts`, ...flags]
      : ['bench/main.ts', ...[first ?? [], flags].flat()],
}

/** True when every package of the lock file that this platform needs is installed in the locked version. */
export function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installedFile)) return false
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  return Object.entries(locked).every(([path, entry]) => {
    if (path === '' || (entry.link ?? false)) return true
    const present = installed[path]
    if (present === undefined) return entry.optional === true && !fitsPlatform(entry)
    return present.version === entry.version
  })
}

const fitsPlatform = ({ os, cpu, libc }) =>
  (os === undefined || os.includes(process.platform)) &&
  (cpu === undefined || cpu.includes(process.arch)) &&
  (libc === undefined || libc.includes(isMusl() ? 'musl' : 'glibc'))

const isMusl = () =>
  process.platform === 'linux' && existsSync(`/lib/ld-musl-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`)

function lacksAvx2() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false
  try {
    return !/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return false // no /proc: assume a modern processor, Bun itself will say if not
  }
}

function install() {
  const command = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  console.error(`berth: installing packages (${command.join(' ')}) …`)
  const { status, error } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    stdio: ['ignore', 2, 2], // stdout stays clean for what the task itself prints
    shell: process.platform === 'win32',
  })
  if (error) fail(`npm could not be started: ${error.message}`)
  if (status !== 0) fail('npm ci failed; its message stands above. Is the package registry reachable from here?')
}

/** Path of the Bun binary that runs on this machine; ends the program with a sentence when there is none. */
export function findBun() {
  const arch = process.arch === 'arm64' ? 'aarch64' : process.arch
  const name = `@oven/bun-${process.platform}-${arch}${isMusl() ? '-musl' : ''}${lacksAvx2() ? '-baseline' : ''}`
  const binary = join(root, 'node_modules', name, 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun')
  if (existsSync(binary)) return binary
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const version = Object.values(manifest.optionalDependencies)[0]
  const known = Object.keys(manifest.optionalDependencies).map((each) => each.replace('@oven/bun-', ''))
  return fail(
    `no Bun binary for this machine (${process.platform} ${process.arch}${isMusl() ? ', musl' : ''}${lacksAvx2() ? ', no AVX2' : ''}) is installed.\n` +
      `Berth runs out of the box on ${known.join(', ')}. If Bun is published for this machine, this may help:\n` +
      `  npm install --no-save --ignore-scripts ${name}@${version}`,
  )
}

export function fail(sentence) {
  console.error(`berth: ${sentence}`)
  process.exit(1)
}

/** Nothing to build by hand: half a second when something of the console changed, else a look at its files. */
function buildConsole() {
  const { status } = spawnSync(findBun(), ['tools/build-console.mjs'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) console.error('berth: the console could not be built; the registry starts without it')
}

function main() {
  const [task, ...flags] = process.argv.slice(2)
  if (task === undefined || !Object.hasOwn(tasks, task))
    fail(`usage: node tools/run.mjs ${Object.keys(tasks).join('|')} [flags]`)
  if (!isInstalled()) install()

  if (task === 'start' || (task === 'berth' && flags[0] === 'docs')) buildConsole()
  const child = spawn(findBun(), tasks[task](flags), {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(findBun())}:${process.env.PATH}` },
  })
  child.on('error', (error) => fail(`Bun could not be started: ${error.message}`))
  // With a terminal the child hears Ctrl-C itself; a supervisor that knows only our pid relies on us.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])
    process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
