import { createPrivateKey } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { TlsPair } from '../runtime/listener.ts'
import { assertMarks, readPemCertificates } from '../runtime/pem.ts'

export interface TlsFiles {
  readonly certificateFile: string
  readonly privateKeyFile: string
}

/**
 * Reads a certificate chain and its key and checks that they can serve together.
 * @throws an Error whose message names the file and what is wrong with it
 */
export async function readTlsPair({ certificateFile, privateKeyFile }: TlsFiles): Promise<TlsPair> {
  const certificate = await readText(certificateFile)
  const privateKey = await readText(privateKeyFile)
  const [leaf] = readPemCertificates(certificateFile, certificate)
  if (leaf === undefined) throw new Error(`${certificateFile} has no PEM certificate (-----BEGIN CERTIFICATE-----)`)
  assertMarks(privateKeyFile, privateKey)
  const key = parse(
    () => createPrivateKey(privateKey),
    `${privateKeyFile} is not a readable private key without a passphrase`,
  )
  if (!leaf.certificate.checkPrivateKey(key)) {
    throw new Error(
      `the private key in ${privateKeyFile} does not belong to the first certificate in ${certificateFile}; ` +
        'the certificate of this server must stand first, its intermediates behind it',
    )
  }
  return { certificate, privateKey }
}

export interface TlsWatchOptions extends TlsFiles {
  /** The pair that is served now. */
  readonly current: TlsPair
  readonly onChange: (pair: TlsPair) => void | Promise<void>
  /** The files changed and cannot be used: what was served before goes on being served. */
  readonly onRefused: (error: unknown) => void
  /** After each look at the files, whatever it found. */
  readonly onLooked?: () => void
  readonly pollMs?: number
}

/**
 * Calls `onChange` when the files hold another usable pair. Polling is what can be relied on: events do not come from
 * NFS, nor where a whole folder is exchanged behind a symbolic link (Kubernetes secrets); events only make it quicker.
 * Returns the function that ends it.
 */
export function watchTlsFiles(options: TlsWatchOptions): () => void {
  const { certificateFile, privateKeyFile, onChange, onRefused, onLooked = () => {}, pollMs = 10_000 } = options
  let served = options.current
  let seen = ''
  let refused = ''
  let checking = false
  let stopped = false

  const check = async () => {
    if (checking || stopped) return
    checking = true
    try {
      const stamp = `${await stampOf(certificateFile)} ${await stampOf(privateKeyFile)}`
      if (stamp === seen) return
      const pair = await readTlsPair({ certificateFile, privateKeyFile })
      if (stopped) return
      const changed = pair.certificate !== served.certificate || pair.privateKey !== served.privateKey
      if (changed) await onChange(pair)
      served = pair
      seen = stamp
      refused = ''
    } catch (error) {
      // Files are often replaced one after the other: a pair that does not match is looked at again until it does.
      const reason = error instanceof Error ? error.message : String(error)
      if (reason !== refused) onRefused(error)
      refused = reason
    } finally {
      checking = false
      onLooked()
    }
  }

  let soon: ReturnType<typeof setTimeout> | undefined
  const hint = () => {
    clearTimeout(soon)
    soon = setTimeout(() => void check(), Math.min(300, pollMs)).unref()
  }
  const timer = setInterval(() => void check(), pollMs).unref()
  const watchers = [...new Set([dirname(certificateFile), dirname(privateKeyFile)])].flatMap((folder) =>
    watchFolder(folder, hint),
  )
  return () => {
    stopped = true
    clearInterval(timer)
    clearTimeout(soon)
    for (const watcher of watchers) watcher.close()
  }
}

function watchFolder(folder: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent)
    watcher.on('error', () => watcher.close()) // polling goes on
    return [watcher]
  } catch {
    return [] // no watches left, or none on this filesystem: polling goes on
  }
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file)
    return `${mtimeMs}:${size}:${ino}`
  } catch {
    return `unreadable at ${Date.now()}` // reading it says what is wrong, and says it until it is right
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EACCES'
          ? 'may not be read by this user'
          : `cannot be read (${code})`
    throw new Error(`${file} ${reason}`, { cause: error })
  }
}

function parse<T>(work: () => T, otherwise: string): T {
  try {
    return work()
  } catch (error) {
    throw new Error(otherwise, { cause: error })
  }
}
