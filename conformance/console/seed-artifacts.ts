import { gzipSync } from 'node:zlib'
import { pushArtifact } from '../harness/artifact.ts'
import { createImage, createIndex, describeBytes, type Image } from '../harness/image.ts'
import { tar } from '../harness/tar.ts'
import { expectStatus, type V2Client } from '../harness/v2-client.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const json = (value: unknown) => bytes(JSON.stringify(value))
const title = (name: string) => ({ 'org.opencontainers.image.title': name })

/** What its index says: two platforms, and BuildKit's attestation of one of them. */
export interface SignedImage {
  readonly index: string
  readonly amd64: string
  readonly arm64: string
  readonly attestation: string
}

/** An index with signatures of cosign and Notation, SBOMs, and statements of in-toto, as their clients push them. */
export async function seedSignedImage(client: V2Client, repository: string, tag: string): Promise<SignedImage> {
  const images = ['amd64', 'arm64'].map((architecture) =>
    createImage({ architecture, layers: [[{ path: 'server', content: `${repository} ${architecture}` }]] }),
  )
  const attestation = await attestationOf(client, repository, images[0]!)
  const index = withAttestation(createIndex(images), attestation, images[0]!)
  await client.pushImage(repository, index, tag)
  const subject = index.descriptor
  const layer = (mediaType: string, text: string, annotations: object = {}) => ({
    mediaType,
    bytes: bytes(text),
    annotations,
  })
  await pushArtifact(client, repository, undefined, {
    artifactType: 'application/spdx+json',
    layers: [layer('application/spdx+json', '{"spdxVersion":"SPDX-2.3"}', title('gateway.spdx.json'))],
    subject,
  })
  await pushArtifact(client, repository, undefined, {
    artifactType: 'application/vnd.cyclonedx+json',
    layers: [layer('application/vnd.cyclonedx+json', '{"bomFormat":"CycloneDX"}', title('gateway.cdx.json'))],
    subject,
  })
  await pushArtifact(client, repository, undefined, {
    artifactType: 'application/vnd.cncf.notary.signature',
    layers: [layer('application/jose+json', '{"payload":""}')],
    subject,
  })
  await pushArtifact(client, repository, `${subject.digest.replace(':', '-')}.sig`, {
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', bytes: json({ architecture: '', os: '' }) },
    layers: [layer('application/vnd.dev.cosign.simplesigning.v1+json', '{"critical":{}}')],
  })
  await pushArtifact(client, repository, undefined, {
    artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    layers: [layer('application/vnd.dev.sigstore.bundle.v0.3+json', '{"mediaType":""}')],
    subject: images[1]!.descriptor,
  })
  return {
    index: subject.digest,
    amd64: images[0]!.descriptor.digest,
    arm64: images[1]!.descriptor.digest,
    attestation: attestation.digest,
  }
}

/** As BuildKit writes it: a manifest in the clothes of an image, over a statement of in-toto. */
async function attestationOf(client: V2Client, repository: string, image: Image) {
  return await pushArtifact(client, repository, undefined, {
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      bytes: json({ architecture: 'unknown', os: 'unknown', config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
    },
    layers: [
      {
        mediaType: 'application/vnd.in-toto+json',
        bytes: json({ predicateType: 'https://slsa.dev/provenance/v1', subject: [image.descriptor.digest] }),
        annotations: { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1' },
      },
    ],
  })
}

function withAttestation(index: Image, attestation: object, image: Image): Image {
  const parsed = JSON.parse(new TextDecoder().decode(index.content.get(index.descriptor.digest))) as {
    manifests: object[]
  }
  parsed.manifests.push({
    ...attestation,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': image.descriptor.digest,
    },
  })
  const manifest = json(parsed)
  const content = new Map([...index.content].filter(([digest]) => digest !== index.descriptor.digest))
  const descriptor = describeBytes(index.descriptor.mediaType, manifest)
  return { descriptor, content: content.set(descriptor.digest, manifest) }
}

/** What helm pushes: the config is `Chart.yaml` as JSON. */
export async function seedChart(client: V2Client, repository: string, tag: string): Promise<void> {
  await pushArtifact(client, repository, tag, {
    config: {
      mediaType: 'application/vnd.cncf.helm.config.v1+json',
      bytes: json({
        name: 'gateway',
        version: tag,
        appVersion: '2.4.1',
        apiVersion: 'v2',
        type: 'application',
        kubeVersion: '>=1.27.0',
        description: 'The payment gateway with its workers and its migrations.',
        home: 'https://payments.example.org/gateway',
        icon: 'https://payments.example.org/icon.png',
        keywords: ['payments', 'gateway', 'http'],
        sources: ['https://code.example.org/payments/gateway'],
        maintainers: [
          { name: 'Ada Lovelace', email: 'ada@example.org' },
          { name: 'Platform team', url: 'https://platform.example.org' },
        ],
      }),
    },
    layers: [
      {
        mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
        bytes: gzipSync(
          tar([
            {
              path: 'gateway/Chart.yaml',
              content: [
                'name: gateway',
                `version: ${tag}`,
                'dependencies:',
                '  - { name: postgresql, version: 15.x.x, repository: "https://charts.example.org" }',
                '  - { name: redis, version: "19.0.1", repository: "oci://registry.example.org/charts" }',
              ].join('\n'),
            },
            { path: 'gateway/README.md', content: chartReadme },
            { path: 'gateway/values.yaml', content: 'replicaCount: 3\nimage:\n  tag: ""\n' },
          ]),
        ),
      },
    ],
    annotations: {
      ...title('gateway'),
      'org.opencontainers.image.version': tag,
      'org.opencontainers.image.source': 'https://code.example.org/payments/gateway',
    },
  })
}

export const repositoryDescription = `# Gateway

The payment **gateway**: it takes orders and *never* loses one. Read the [runbook](https://wiki.example.org/gateway) before a release.

| port | use |
| --- | --- |
| 8080 | HTTP |
| 9090 | metrics |

- [x] signed by the release pipeline
- [ ] FIPS build
`

const chartReadme = `# Gateway chart

Installs the payment gateway with its workers.

## Install

\`\`\`sh
helm install gateway oci://registry.example.org/platform/charts/gateway --set replicaCount=3
\`\`\`

## Values

| Key | Default | What it sets |
| --- | --- | --- |
| \`replicaCount\` | \`3\` | processes |
| \`image.tag\` | the version of the chart | image |

> Upgrading from 1.x? Read [the notes](https://wiki.example.org/upgrade) first.

![build status](https://ci.example.org/badge.svg)
`

/** As \`oras push\` and the model tools do it: files with their names. */
export async function seedModel(client: V2Client, repository: string, tag: string): Promise<void> {
  const file = (name: string, mediaType: string, size: number) => ({
    mediaType,
    bytes: bytes(`${name} `.repeat(Math.ceil(size / (name.length + 1)))),
    annotations: title(name),
  })
  await pushArtifact(client, repository, tag, {
    artifactType: 'application/vnd.cncf.model.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.cncf.model.config.v1+json',
      bytes: json({ descriptor: { name: 'embedder' } }),
    },
    layers: [
      file('model.safetensors', 'application/vnd.cncf.model.weight.v1.raw', 400_000),
      file('tokenizer.json', 'application/vnd.cncf.model.weight.config.v1.raw', 60_000),
      file('README.md', 'application/vnd.cncf.model.doc.v1.raw', 4_000),
    ],
    annotations: { 'org.opencontainers.image.licenses': 'Apache-2.0' },
  })
}

/** @throws Error when the registry refuses it */
export async function describeRepository(client: V2Client, project: string, repository: string): Promise<void> {
  await expectStatus(
    await client.request(
      `/api/v2.0/projects/${project}/repositories/${encodeURIComponent(encodeURIComponent(repository))}`,
      {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ description: repositoryDescription }),
      },
    ),
    200,
  )
}
