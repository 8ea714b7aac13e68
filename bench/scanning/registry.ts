import type { Subject } from '../subjects/subject.ts'
import { manifestType, type Blob, type Image } from './images.ts'

const repository = 'library/app'
const ended = ['succeeded', 'failed', 'stopped']

interface Job {
  readonly id: number
  readonly status: string
  readonly error?: string
}

interface ScanAll {
  readonly total: number
  readonly completed: number
  readonly ongoing: boolean
}

/** What the benchmark asks a Berth for. */
export class ScannedRegistry {
  readonly #url: string
  readonly #authorization: string
  readonly #pushed = new Set<string>()

  constructor({ endpoint, administratorAuthorization }: Subject) {
    this.#url = `http://${endpoint.host}:${endpoint.port}`
    this.#authorization = administratorAuthorization() ?? ''
  }

  async push(tag: string, { layers, config, manifest }: Image): Promise<void> {
    for (const each of [...layers, config]) await this.#pushBlob(each)
    await this.#ask(`/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': manifestType },
      body: manifest.bytes as BodyInit,
    })
  }

  /** @returns the seconds from the wish to the report */
  async scan(tag: string): Promise<number> {
    const artifact = `/api/v2.0/projects/library/repositories/app/artifacts/${tag}`
    const startedAt = performance.now()
    await this.#ask(`${artifact}/scan`, { method: 'POST' })
    for (;;) {
      const found = (await (await this.#ask(`${artifact}?with_scan_overview=true`)).json()) as {
        scan_overview?: Record<string, { scan_status: string }>
      }
      const status = Object.values(found.scan_overview ?? {})[0]?.scan_status
      if (status === 'Success') return (performance.now() - startedAt) / 1_000
      if (status === 'Error' || status === 'Stopped') throw new Error(`the scan of ${tag} ended: ${status}`)
      await Bun.sleep(5)
    }
  }

  async importData(file: string): Promise<number> {
    const startedAt = performance.now()
    const answer = await this.#ask('/api/v2.0/system/vulnerability-data', {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: Bun.file(file),
    })
    const { job_id: id } = (await answer.json()) as { job_id: number }
    for (;;) {
      const job = (await (await this.#ask(`/api/v2.0/jobs/${id}`)).json()) as Job
      if (job.status === 'succeeded') return (performance.now() - startedAt) / 1_000
      if (ended.includes(job.status)) throw new Error(`the import ${job.status}: ${job.error}`)
      await Bun.sleep(50)
    }
  }

  async startScanAll(): Promise<void> {
    await this.#ask('/api/v2.0/system/scanAll/schedule', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ schedule: { type: 'Manual' } }),
    })
  }

  async stopScanAll(): Promise<void> {
    await this.#ask('/api/v2.0/system/scanAll/stop', { method: 'POST' })
  }

  async scanAllProgress(): Promise<ScanAll> {
    return (await (await this.#ask('/api/v2.0/scans/all/metrics')).json()) as ScanAll
  }

  /** @returns the seconds, and how many images were looked into */
  async scanAll(until: (progress: ScanAll) => boolean = ({ ongoing }) => !ongoing) {
    const startedAt = performance.now()
    await this.startScanAll()
    for (;;) {
      const progress = await this.scanAllProgress()
      if (until(progress)) return { seconds: (performance.now() - startedAt) / 1_000, ...progress }
      await Bun.sleep(100)
    }
  }

  async #pushBlob({ digest, bytes }: Blob): Promise<void> {
    if (this.#pushed.has(digest)) return
    this.#pushed.add(digest)
    const begun = await this.#ask(`/v2/${repository}/blobs/uploads/`, { method: 'POST' })
    const place = new URL(begun.headers.get('location') ?? '', this.#url)
    place.searchParams.set('digest', digest)
    await this.#ask(place.href, { method: 'PUT', body: bytes as BodyInit })
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('authorization', this.#authorization)
    const answer = await fetch(new URL(path, this.#url), { ...init, headers })
    if (!answer.ok) throw new Error(`${init.method ?? 'GET'} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
}
