import { describe, expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { runCommand, tryCommand } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { chartFolder, helmMissing, large, render, tryRender, type Untyped, type Values } from './helm-chart.ts'

const timeoutMs = 60_000
const checker = findClient('kubernetes-check')

const ingress = { enabled: true, hosts: ['registry.example.com'], className: 'nginx' }
const everything: Values = {
  ...large,
  externalUrl: 'https://registry.example.com',
  trustedProxies: ['10.0.0.0/8'],
  admin: { existingSecret: 'admin' },
  image: { repository: 'registry.example.com/berth', digest: `sha256:${'0'.repeat(64)}` },
  imagePullSecrets: [{ name: 'pull' }],
  database: {
    kind: 'postgresql',
    postgresql: { existingSecret: 'database', caSecret: 'database-ca', maxConnections: 30 },
  },
  storage: { kind: 's3', s3: { bucket: 'b', prefix: 'berth', pathStyle: false, caSecret: 's3-ca', redirect: true } },
  tls: { existingSecret: 'registry-tls' },
  autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 5 },
  metrics: {
    tokenSecret: { name: 'metrics' },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, runbookBase: 'https://docs.example.com/' },
  },
  networkPolicy: {
    enabled: true,
    from: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }],
    metricsFrom: [{ podSelector: { matchLabels: { app: 'prometheus' } } }],
    restrictEgress: true,
    egress: [{ to: [{ ipBlock: { cidr: '10.1.0.0/16' } }], ports: [{ port: 5432 }] }],
  },
  ingress: { ...ingress, tls: [{ secretName: 'public', hosts: ['registry.example.com'] }] },
  gateway: {
    enabled: true,
    parentRefs: [{ name: 'public', namespace: 'gateways' }],
    hostnames: ['registry.example.com'],
  },
  serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/registry' } },
  service: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', loadBalancerSourceRanges: ['10.0.0.0/8'] },
  nodeSelector: { pool: 'registry' },
  tolerations: [{ key: 'registry', operator: 'Exists' }],
  priorityClassName: 'important',
  podAnnotations: { note: 'yes' },
  podLabels: { team: 'platform' },
  extraEnv: [{ name: 'BERTH_LOG_LEVEL', value: 'debug' }],
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
  config: { garbage_collection: { grace: '2h' }, metrics: { path: '/numbers' } },
}

const variants = {
  'the defaults': {},
  'a claim of your own': { persistence: { existingClaim: 'mine' } },
  'SQLite with a bucket': { storage: large.storage },
  'PostgreSQL with a folder': { database: large.database },
  replicas: large,
  'replicas that scale': { ...large, autoscaling: { enabled: true } },
  'TLS in the pod': { tls: { existingSecret: 'registry-tls' } },
  'an ingress': { ingress },
  'a node port': { service: { type: 'NodePort', nodePort: 30_500 } },
  'no metrics': { metrics: { enabled: false }, networkPolicy: { enabled: true } },
  'an account of the cluster': { serviceAccount: { create: false, name: 'registry' } },
  'everything at once': everything,
} satisfies Record<string, Values>

if (helmMissing !== undefined) skipLoudly('Helm chart', helmMissing)
else {
  describe('the chart', () => {
    test(
      'passes helm lint, also with each of its examples',
      async () => {
        const examples = await readdir(join(chartFolder, 'examples'))
        const flags = [[], ...examples.map((file) => ['--values', join(chartFolder, 'examples', file)])]
        for (const values of flags) {
          const { code, stdout } = await tryCommand([findClient('helm')!, 'lint', '--strict', chartFolder, ...values])
          expect({ code, stdout }).toMatchObject({ code: 0 })
        }
      },
      timeoutMs,
    )

    test('keeps one replica with what lies on a volume, and gives the volume to one process at a time', async () => {
      for (const values of [{}, { storage: large.storage }, { database: large.database }]) {
        const { spec } = (await render(values)).only('Deployment')
        expect({ replicas: spec.replicas, strategy: spec.strategy.type }).toEqual({ replicas: 1, strategy: 'Recreate' })
        const two = await tryRender({ ...values, replicaCount: 2 })
        expect(two.code).not.toBe(0)
        expect(two.stderr).toContain('One replica only')
        const scaled = await tryRender({ ...values, autoscaling: { enabled: true } })
        expect(scaled.stderr).toContain('One replica only')
      }
    })

    test('never takes a replica away before another one serves', async () => {
      const { spec } = (await render(large)).only('Deployment')
      expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 })
      expect((await render(large)).only('PodDisruptionBudget').spec.maxUnavailable).toBe(1)
      expect((await render({})).has('PodDisruptionBudget')).toBe(false)
    })

    test('leaves a pod the time to finish: the sleep, the drain of berth.yml, and some seconds', async () => {
      const rendered = await render({ ...large, drainTimeoutSeconds: 300, preStopSleepSeconds: 20 })
      const pod = rendered.only('Deployment').spec.template.spec
      expect(pod.containers[0].lifecycle.preStop.sleep.seconds).toBe(20)
      expect(berthYml(rendered.only('ConfigMap').data).drain_timeout).toBe('300s')
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(20 + 300 + 5)
    })

    test('writes no secret into what everybody in the namespace reads', async () => {
      for (const [config, sentence] of [
        [{ admin_password: 'open' }, 'admin.existingSecret'],
        [{ database: { url: 'postgres://a:b@c/d' } }, 'database.postgresql.existingSecret'],
        [{ s3: { secret_key: 'open' } }, 'storage.s3.existingSecret'],
      ] as const) {
        const refused = await tryRender({ config })
        expect(refused.code).not.toBe(0)
        expect(refused.stderr).toContain(sentence)
      }
      const { containers } = (await render(everything)).only('Deployment').spec.template.spec
      const secrets = (containers[0].env as { name: string }[]).filter(({ name }) =>
        /PASSWORD|SECRET|KEY|URL/.test(name),
      )
      expect(secrets.map(({ name }) => name).filter((name) => !name.endsWith('_FILE'))).toEqual([])
    })

    test('keeps the volume and the first password when the release goes', async () => {
      const rendered = await render({})
      for (const kind of ['PersistentVolumeClaim', 'Secret']) {
        expect(rendered.only(kind).metadata.annotations?.['helm.sh/resource-policy']).toBe('keep')
      }
    })

    test('restarts pods when berth.yml changes', async () => {
      const checksumOf = async (values: Values) =>
        (await render(values)).only('Deployment').spec.template.metadata.annotations['checksum/config']
      expect(await checksumOf({ config: { read_only: true } })).not.toBe(await checksumOf({}))
      expect(await checksumOf({})).toBe(await checksumOf({}))
    })

    test('lets ingress-nginx pass layers of any size as they come', async () => {
      const { annotations } = (await render({ ingress })).only('Ingress').metadata
      expect(annotations).toMatchObject({
        'nginx.ingress.kubernetes.io/proxy-body-size': '0',
        'nginx.ingress.kubernetes.io/proxy-request-buffering': 'off',
      })
      expect(
        (await render({ ingress: { ...ingress, nginxAnnotations: false } })).only('Ingress').metadata.annotations,
      ).toBe(undefined)
    })

    for (const [what, values, word] of [
      ['a value that it does not know', { replicas: 3 }, 'replicas'],
      ['a value of another type', { replicaCount: 'three' }, 'replicaCount'],
      ['PostgreSQL without its address', { database: { kind: 'postgresql' } }, 'database.postgresql.existingSecret'],
      ['S3 without a bucket', { storage: { kind: 's3' } }, 'storage.s3.bucket'],
      ['an ingress without a name', { ingress: { enabled: true } }, 'ingress.hosts'],
      ['ports of berth.yml', { config: { http: { port: 1 } } }, 'config.http'],
      ['a token of the metrics in a ConfigMap', { config: { metrics: { token: 'x' } } }, 'metrics.tokenSecret'],
      [
        'fewer replicas than the least',
        { ...large, autoscaling: { enabled: true, minReplicas: 9, maxReplicas: 2 } },
        'minReplicas',
      ],
    ] as const) {
      test(`refuses ${what} with a sentence`, async () => {
        const { code, stderr } = await tryRender(values)
        expect(code).not.toBe(0)
        expect(stderr).toContain(word)
      })
    }
  })

  for (const title of ['the defaults', 'replicas', 'no metrics', 'everything at once'] as const) {
    test(
      `berth takes the berth.yml of ${title} as it is`,
      async () => {
        const yml = berthYml((await render(variants[title])).only('ConfigMap').data)
        // Certificates and authorities are files of the pod.
        const { https: _https, ...rest } = yml
        if (rest.s3 !== undefined) delete rest.s3.ca_file
        const berth = [process.execPath, join(import.meta.dir, '..', '..', 'cli', 'src', 'main.ts')]
        const shown = await tryCommand([...berth, 'config', 'show', '--config', '/dev/stdin'], {
          stdin: JSON.stringify(rest),
          env: withoutSettings,
        })
        expect(shown).toMatchObject({ code: 0 })
        expect(shown.stderr).not.toContain('no such setting')
      },
      timeoutMs,
    )
  }

  if (checker === undefined)
    skipLoudly('Helm chart by the code of an API server', 'not on this machine: kubernetes-check')
  else {
    for (const [title, values] of Object.entries(variants)) {
      test(
        `an API server creates every object of ${title}, and its pods are restricted ones`,
        async () => {
          const { text, objects } = await render(values)
          const checked = await tryCommand([checker], { stdin: text })
          expect(checked).toMatchObject({ code: 0 })
          expect(checked.stdout.trim().split('\n')).toHaveLength(objects.length)
        },
        timeoutMs,
      )
    }

    test('what an API server would refuse is refused here', async () => {
      const { text } = await render({})
      for (const [from, to, problem] of [
        ['replicas: 1', 'replicas: 1\n  replica: 2', 'unknown field'],
        ['periodSeconds: 5', 'periodSeconds: -5', 'must be greater than or equal to 0'],
        ['allowPrivilegeEscalation: false', 'allowPrivilegeEscalation: true', 'not restricted'],
        ['targetPort: metrics\n', 'targetPort: a-port-name-that-is-too-long\n', 'must be no more than 15'],
      ] as const) {
        expect(text).toContain(from)
        const { code, stdout } = await tryCommand([checker], { stdin: text.replace(from, to) })
        expect({ code, stdout }).toMatchObject({ code: 1 })
        expect(stdout).toContain(problem)
      }
    })
  }

  test('the chart is that of this version', async () => {
    const chart = parse(await readFile(join(chartFolder, 'Chart.yaml'), 'utf8')) as { appVersion: string }
    const { version } = JSON.parse(await runCommand(['cat', join(import.meta.dir, '../../package.json')])) as {
      version: string
    }
    expect(chart.appVersion).toBe(version)
  })
}

/** What these tests are told by variables (BERTH_CLIENTS_FOLDER) is no setting of the chart's. */
const withoutSettings = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith('BERTH_'))
    .map((name) => [name, undefined]),
)

function berthYml(data: Readonly<Record<string, string>> | undefined): Untyped {
  return parse(data?.['berth.yml'] ?? '')
}
