import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parse } from 'yaml'
import { type BoltTree, writeBolt } from '../data/write-bolt-for-test.ts'

interface Growing {
  [key: string]: Growing | Buffer
}

/** A bucket of a fixture of Trivy: pairs of a key and a value, or of a bucket and pairs. */
interface Pair {
  readonly key?: string
  readonly value?: unknown
  readonly bucket?: string
  readonly pairs?: readonly Pair[]
}

/** Vulnerability data in the form of Trivy, put together from several sources: both programs read this one file. */
export class TrivyDbForTest {
  readonly #tree: Growing = {}

  fixtures(folder: string): void {
    for (const file of readdirSync(folder)) {
      this.#take(this.#tree, parse(readFileSync(join(folder, file), 'utf8')) as readonly Pair[])
    }
  }

  /** https://secdb.alpinelinux.org, one file of it in each line. */
  alpine(file: string): void {
    for (const line of linesOf(file)) {
      const { distroversion, packages } = JSON.parse(line) as {
        distroversion: string
        packages: { pkg: { name: string; secfixes?: Record<string, string[]> } }[]
      }
      for (const { pkg } of packages) {
        for (const [version, ids] of Object.entries(pkg.secfixes ?? {})) {
          // `0`: it never was affected.
          const FixedVersion = version === '0' ? '' : version
          for (const id of ids) {
            const cve = id.split(' ')[0]!
            if (FixedVersion !== '')
              this.#put([`alpine ${distroversion.replace(/^v/, '')}`, pkg.name, cve], { FixedVersion })
          }
        }
      }
    }
  }

  debian(file: string, release: string): void {
    for (const line of linesOf(file)) {
      const { id, source, fixed } = JSON.parse(line) as { id: string; source: string; fixed?: string | null }
      this.#put([`debian ${release}`, source, id], { FixedVersion: fixed ?? '' })
    }
  }

  /** As Trivy wants its cache folder. */
  write(cache: string): string {
    const folder = join(cache, 'db')
    mkdirSync(folder, { recursive: true })
    const file = join(folder, 'trivy.db')
    writeBolt(file, this.#tree as BoltTree)
    writeFileSync(
      join(folder, 'metadata.json'),
      JSON.stringify({ Version: 2, UpdatedAt: '2026-01-01T00:00:00Z', NextUpdate: '2099-01-01T00:00:00Z' }),
    )
    return file
  }

  #take(into: Growing, pairs: readonly Pair[]): void {
    for (const { key, value, bucket, pairs: inner = [] } of pairs) {
      if (bucket === undefined) into[key!] = Buffer.from(JSON.stringify(value ?? {}))
      else this.#take(bucketIn(into, bucket), inner)
    }
  }

  #put([bucket, name, id]: readonly [string, string, string], advisory: object): void {
    bucketIn(bucketIn(this.#tree, bucket), name)[id] = Buffer.from(JSON.stringify(advisory))
  }
}

function bucketIn(tree: Growing, name: string): Growing {
  const known = tree[name]
  if (known !== undefined && !Buffer.isBuffer(known)) return known
  const made: Growing = {}
  tree[name] = made
  return made
}

const linesOf = (file: string): string[] =>
  gunzipSync(readFileSync(file))
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
