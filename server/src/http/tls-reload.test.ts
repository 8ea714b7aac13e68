import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsPair } from '../runtime/listener.ts'
import { until } from '../../test/until.ts'
import { readTlsPair, watchTlsFiles } from './tls-reload.ts'

let folder: string
let first: TlsPair
let second: TlsPair
const openWatches: (() => void)[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-tls-'))
  first = await makePair('first')
  second = await makePair('second')
})
afterAll(() => {
  for (const stop of openWatches) stop()
  rmSync(folder, { recursive: true })
})

async function makePair(name: string): Promise<TlsPair> {
  const files = { certificateFile: join(folder, `${name}.crt`), privateKeyFile: join(folder, `${name}.key`) }
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...['-subj', `/CN=${name}`, '-keyout', files.privateKeyFile, '-out', files.certificateFile],
    ],
    { stdio: 'ignore' },
  )
  return await readTlsPair(files)
}

let count = 0
/** A pair of files that is watched; what happens is noted. */
function watched(pair: TlsPair) {
  const name = `served-${count++}`
  const files = { certificateFile: join(folder, `${name}.crt`), privateKeyFile: join(folder, `${name}.key`) }
  const place = (next: TlsPair) => {
    writeFileSync(files.privateKeyFile, next.privateKey)
    writeFileSync(files.certificateFile, next.certificate)
  }
  place(pair)
  const changes: TlsPair[] = []
  const refusals: string[] = []
  let looks = 0
  const stop = watchTlsFiles({
    ...files,
    current: pair,
    pollMs: 10,
    onChange: (next) => void changes.push(next),
    onRefused: (error) => refusals.push((error as Error).message),
    onLooked: () => (looks += 1),
  })
  openWatches.push(stop)
  /** A look that began after this call has ended: the second from now. */
  const looked = async () => {
    const before = looks
    await until(() => looks >= before + 2)
  }
  return { files, place, changes, refusals, stop, looked }
}

test('a new pair in the files is taken over, once', async () => {
  const { place, changes, refusals, looked } = watched(first)
  await looked()
  expect(changes).toEqual([])
  place(second)
  await looked()
  await looked()
  expect(changes).toEqual([second])
  expect(refusals.length).toBeLessThanOrEqual(1) // between the two writes
})

test('a key that does not belong to the certificate is refused and named, until the pair is right', async () => {
  const { files, changes, refusals, looked } = watched(first)
  writeFileSync(files.certificateFile, second.certificate)
  await looked()
  await looked()
  expect(changes).toEqual([])
  expect(refusals).toHaveLength(1)
  expect(refusals[0]).toContain('does not belong to the first certificate')
  writeFileSync(files.privateKeyFile, second.privateKey)
  await looked()
  expect(changes).toEqual([second])
})

test('half a file, and no file, leave the old pair in place', async () => {
  const { files, place, changes, refusals, looked } = watched(first)
  writeFileSync(files.certificateFile, second.certificate.slice(0, 200))
  await looked()
  unlinkSync(files.certificateFile)
  await looked()
  expect(changes).toEqual([])
  expect(refusals[0]).toContain('has no END; the file is cut off')
  expect(refusals[1]).toContain('does not exist')
  place(second)
  await looked()
  expect(changes).toEqual([second])
})

test('a folder exchanged behind a symbolic link, as Kubernetes does it, is noticed', async () => {
  const link = join(folder, 'current')
  for (const [name, pair] of [
    ['a', first],
    ['b', second],
  ] as const) {
    execFileSync('mkdir', ['-p', join(folder, name)])
    writeFileSync(join(folder, name, 'tls.crt'), pair.certificate)
    writeFileSync(join(folder, name, 'tls.key'), pair.privateKey)
  }
  symlinkSync(join(folder, 'a'), link)
  const changes: TlsPair[] = []
  openWatches.push(
    watchTlsFiles({
      certificateFile: join(link, 'tls.crt'),
      privateKeyFile: join(link, 'tls.key'),
      current: first,
      pollMs: 10,
      onChange: (next) => void changes.push(next),
      onRefused: () => {},
    }),
  )
  symlinkSync(join(folder, 'b'), `${link}.new`)
  renameSync(`${link}.new`, link)
  await until(() => changes.length > 0)
  expect(changes).toEqual([second])
})

test('after it was stopped nothing is taken over', async () => {
  const { files, place, changes, stop } = watched(first)
  stop()
  place(second)
  // Another watch of the same files sees them; the stopped one would have seen them before it.
  const seen: TlsPair[] = []
  openWatches.push(
    watchTlsFiles({
      ...files,
      current: first,
      pollMs: 50,
      onChange: (next) => void seen.push(next),
      onRefused: () => {},
    }),
  )
  await until(() => seen.length > 0)
  expect(changes).toEqual([])
})

describe('a PEM file that cannot be read names itself and the line', () => {
  const linesOf = (text: string) => text.split('\n').length
  const refusalOf = async (change: (pair: TlsPair) => Partial<TlsPair>): Promise<string> => {
    const pair = { ...first, ...change(first) }
    const files = { certificateFile: join(folder, 'cut.crt'), privateKeyFile: join(folder, 'cut.key') }
    writeFileSync(files.certificateFile, pair.certificate)
    writeFileSync(files.privateKeyFile, pair.privateKey)
    return await readTlsPair(files).then(
      () => 'served',
      (error: Error) => error.message.replace(`${folder}/`, ''),
    )
  }

  test('put together without a line end between', async () => {
    const joined = await refusalOf(({ certificate }) => ({ certificate: certificate.trimEnd() + second.certificate }))
    const line = linesOf(first.certificate.trimEnd())
    expect(joined).toBe(
      `cut.crt, line ${line}: an END and the next BEGIN stand on one line; put a line end between them`,
    )
  })

  test('an intermediate whose bytes are none', async () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
    const line = linesOf(first.certificate)
    expect(await refusalOf(({ certificate }) => ({ certificate: certificate + broken }))).toBe(
      `cut.crt, line ${line}: the certificate that begins here cannot be read`,
    )
  })

  test('cut off, indented, or with a mark of something else', async () => {
    const cut = await refusalOf(({ certificate }) => ({ certificate: certificate.slice(0, -40) }))
    expect(cut).toBe('cut.crt, line 1: BEGIN CERTIFICATE has no END; the file is cut off')
    const indented = await refusalOf(({ privateKey }) => ({ privateKey: privateKey.replaceAll(/^/gm, '  ') }))
    expect(indented).toStartWith('cut.key, line 1: a mark must stand on a line of its own')
    const other = await refusalOf(({ certificate }) => ({
      certificate: certificate.replace('END CERTIFICATE', 'END X509 CRL'),
    }))
    expect(other).toEndWith('this END has no BEGIN X509 CRL above it')
  })

  test('line ends of Windows and words around the certificates are fine', async () => {
    const windows = ({ certificate, privateKey }: TlsPair) => ({
      certificate: `subject=CN = first\n${certificate.replaceAll('\n', '\r\n')}`,
      privateKey: privateKey.replaceAll('\n', '\r\n'),
    })
    expect(await refusalOf(windows)).toBe('served')
  })
})
