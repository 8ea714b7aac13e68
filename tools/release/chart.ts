import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { entriesBelow, gzip, tarOf, writePieces } from './archive.ts'
import { Layout, ociManifest } from './layout.ts'
import { root, type Source } from './source.ts'

const configType = 'application/vnd.cncf.helm.config.v1+json'
const contentType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'

/** Packs the Helm chart as `helm package` does, and as an artifact of OCI (Helm's HIP 6). Gives both paths. */
export async function buildChart(source: Source, folder: string): Promise<readonly string[]> {
  const chart = join(root, 'deploy/helm/berth')
  const metadata = Bun.YAML.parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8')) as Record<string, unknown>
  const version = String(metadata['version'])
  if (metadata['appVersion'] !== source.version) {
    throw new Error(`Chart.yaml stands for ${String(metadata['appVersion'])}, this is ${source.version}`)
  }
  const entries = entriesBelow(chart).map((entry) => ({
    ...entry,
    path: `berth/${entry.path}`,
    mode: entry.folder ? 0o755 : 0o644,
  }))
  const bytes = gzip(await tarOf(entries, source.epoch))
  const archive = join(folder, `berth-chart-${version}.tgz`)
  writePieces(archive, [bytes])
  const layout = new Layout()
  const manifest = layout.addJson(ociManifest, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: layout.addJson(configType, metadata),
    layers: [layout.add(contentType, bytes)],
    annotations: {
      'org.opencontainers.image.title': 'berth',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.created': new Date(source.epoch * 1000).toISOString(),
    },
  })
  layout.name(manifest, version)
  const artifact = join(folder, `berth-chart-${version}.oci.tar`)
  await layout.write(artifact, source.epoch)
  return [archive, artifact]
}
