import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createImage, type Image } from '../harness/image.ts'
import type { ConsoleScenario } from './browser.ts'

/** Names that would do something in a page that takes them for markup. */
const hostile = '<img src=x onerror=alert(1)>'

const apk = (name: string, version: string, files: readonly string[]) =>
  [`P:${name}`, `V:${version}`, 'A:x86_64', `o:${name}`, ...files, ''].join('\n')

export const release = (version: string) =>
  `ID=alpine\nVERSION_ID=${version}\nPRETTY_NAME="Alpine Linux v${version.split('.').slice(0, 2).join('.')}"\n`

const nodePackage = (name: string, version: string, license?: string) => ({
  path: `app/node_modules/${name}/package.json`,
  content: JSON.stringify({ name, version, license }),
})

const systemLayer = [
  { path: 'etc/os-release', content: release('3.19.1') },
  {
    path: 'lib/apk/db/installed',
    content: [apk('musl', '1.2.4-r1', ['F:lib', 'R:ld-musl-x86_64.so.1']), apk('zlib', '1.3-r1', [])].join('\n'),
  },
]

/** What the image below is built on. */
export const createBaseImage = (): Image =>
  createImage({ steps: ['ADD rootfs.tar.xz / # buildkit'], layers: [systemLayer] })

/** An image with packages of a system and of two languages; there is no data for one of them. */
export function createVulnerableImage(salt: string): Image {
  return createImage({
    steps: ['ADD rootfs.tar.xz / # buildkit', `RUN npm ci --omit=dev # ${salt}`],
    layers: [
      systemLayer,
      [
        nodePackage('lodash', '4.17.4', 'MIT'),
        nodePackage('minimist', '0.0.8', 'MIT'),
        nodePackage('left-pad', '1.3.0'),
        {
          path: 'usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA',
          content: 'Name: six\nVersion: 1.16.0\n',
        },
        { path: 'app/salt', content: salt },
      ],
    ],
  })
}

/** An image of a system that the data knows nothing of. */
export function createUnknownSystemImage(): Image {
  return createImage({
    layers: [
      [
        { path: 'etc/os-release', content: release('3.11.6') },
        { path: 'lib/apk/db/installed', content: apk('musl', '1.1.24-r2', []) },
      ],
    ],
  })
}

const npm = (
  id: string,
  name: string,
  rest: { readonly fixed?: string; readonly vector: string; readonly more?: object },
) => ({
  id,
  summary: `${name} can be made to do what it should not`,
  details: `A request of a certain form makes ${name} run what it was sent.\n\n${hostile}`,
  affected: [
    {
      package: { ecosystem: 'npm', name },
      ranges: [
        { type: 'SEMVER', events: [{ introduced: '0' }, ...(rest.fixed === undefined ? [] : [{ fixed: rest.fixed }])] },
      ],
    },
  ],
  severity: [{ type: 'CVSS_V3', score: rest.vector }],
  references: [{ url: 'https://example.com/advisory' }, { url: 'javascript:alert(1)' }],
  ...rest.more,
})

/** A folder that `berth db import` takes: Alpine 3.19, npm, and what is exploited. `newer`: with one more. */
export async function writeAdvisories(folder: string, published = new Date(), newer = false): Promise<string> {
  await mkdir(folder, { recursive: true })
  const secdb = {
    distroversion: 'v3.19',
    reponame: 'main',
    packages: [
      { pkg: { name: 'musl', secfixes: { '1.2.4-r2': ['CVE-2025-26519'] } } },
      { pkg: { name: 'zlib', secfixes: { '1.3.1-r0': ['CVE-2023-45853'] } } },
    ],
  }
  const kev = {
    dateReleased: published.toISOString(),
    vulnerabilities: [{ cveID: 'CVE-2020-7598', dateAdded: '2024-05-06' }],
  }
  const entries = [
    npm('GHSA-jf85-cpcp-j695', 'lodash', {
      fixed: '4.17.12',
      vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
      more: { aliases: ['CVE-2019-10744'] },
    }),
    npm('CVE-2020-7598', 'minimist', { fixed: '0.2.1', vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:L' }),
    ...(newer
      ? [npm('CVE-2026-7', 'lodash', { fixed: '4.17.5', vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:L/A:N' })]
      : []),
    npm('CVE-2024-99999', 'left-pad', { vector: 'CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:L' }),
  ]
  // It says nowhere else how old it is.
  const day = published.toISOString().slice(0, 10)
  await writeFile(join(folder, `secdb-${day}.json`), JSON.stringify(secdb))
  await writeFile(join(folder, 'kev.json'), JSON.stringify(kev))
  await writeFile(
    join(folder, 'npm.ndjson'),
    entries.map((entry) => JSON.stringify({ ...entry, modified: published.toISOString() })).join('\n'),
  )
  return folder
}

/** Brings the advisories above into a registry, by its command line. */
export async function importAdvisories({ control }: ConsoleScenario['registry'], newer = false): Promise<void> {
  const folder = join(control!.dataFolder, '..', `advisories-${crypto.randomUUID()}`)
  await control!.berth(['db', 'import', await writeAdvisories(folder, new Date(), newer)])
}

/** Asks the API as administrator. */
export async function api(
  { registry }: Pick<ConsoleScenario, 'registry'>,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const { username, password, url } = registry
  const answer = await fetch(`${url}/api/v2.0${path}`, {
    ...init,
    headers: { authorization: `Basic ${btoa(`${username}:${password}`)}`, 'content-type': 'application/json' },
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return answer
}

/** Scans an artifact, and waits until the report is there. */
export async function scanned(
  scenario: Pick<ConsoleScenario, 'registry'>,
  project: string,
  repository: string,
): Promise<void> {
  const artifact = `/projects/${project}/repositories/${repository}/artifacts/v1`
  await api(scenario, `${artifact}/scan`, { method: 'POST', body: '{}' })
  for (;;) {
    const answer = await api(scenario, `${artifact}?with_scan_overview=true`)
    const { scan_overview: found = {} } = (await answer.json()) as {
      scan_overview?: Record<string, { scan_status: string }>
    }
    const status = Object.values(found)[0]?.scan_status
    if (status === 'Success') return
    if (status === 'Error') throw new Error(`the scan of ${repository} failed`)
    await Bun.sleep(100)
  }
}
