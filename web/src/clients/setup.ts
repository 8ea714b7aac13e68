import { flagsFor, loginCommand } from './commands.ts'
import { authorityFile, isLoopback, quoted, reachOf, type Registry } from './registry.ts'

export const clients = ['docker', 'podman', 'containerd', 'kubernetes'] as const
export type Client = (typeof clients)[number]

/** A step of the instructions: the key of its heading in the catalogue, and what to paste. */
export interface Step {
  readonly step: 'authority' | 'trust' | 'plainHttp' | 'signIn' | 'push' | 'pull' | 'secret' | 'pod'
  readonly commands: string
}

/** What somebody types, one after the other, with the real name and port of this registry. */
export function stepsFor(client: Client, registry: Registry, project: string): readonly Step[] {
  return [...trustSteps(client, registry), ...useSteps(client, registry, project)]
}

function trustSteps(client: Client, registry: Registry): Step[] {
  const { host, offersAuthority } = registry
  switch (reachOf(registry)) {
    case 'trusted':
      return []
    case 'plainHttp':
      return plainHttp(client, host)
    case 'privateAuthority': {
      const fetched: Step[] = offersAuthority ? [{ step: 'authority', commands: fetchAuthority(host) }] : []
      return [...fetched, { step: 'trust', commands: trust[client](host) }]
    }
  }
}

const fetchAuthority = (host: string): string =>
  [
    `curl -kfo ${authorityFile} https://${host}/api/v2.0/systeminfo/getcert`,
    `openssl x509 -in ${authorityFile} -noout -subject -fingerprint -sha256`,
  ].join('\n')

const trust: Readonly<Record<Client, (host: string) => string>> = {
  docker: (host) => copyAuthority(`/etc/docker/certs.d/${host}`),
  podman: (host) => copyAuthority(`/etc/containers/certs.d/${host}`),
  containerd: (host) => containerdHosts(host, 'https'),
  kubernetes: (host) => containerdHosts(host, 'https'),
}

const copyAuthority = (folder: string): string =>
  `sudo mkdir -p ${folder}\nsudo cp --backup ${authorityFile} ${folder}/ca.crt`

function containerdHosts(host: string, scheme: 'http' | 'https'): string {
  const folder = `/etc/containerd/certs.d/${host}`
  const authority = scheme === 'https' ? [`  ca = "${folder}/ca.crt"`] : []
  return [
    scheme === 'https' ? copyAuthority(folder) : `sudo mkdir -p ${folder}`,
    writeFile(`${folder}/hosts.toml`, [
      `server = "${scheme}://${host}"`,
      '',
      `[host."${scheme}://${host}"]`,
      '  capabilities = ["pull", "resolve", "push"]',
      ...authority,
    ]),
  ].join('\n')
}

/** A file of its own for this registry. One that is there already is kept beside it, as .bak. */
function writeFile(path: string, lines: readonly string[]): string {
  return [`sudo test ! -e ${path} || sudo cp ${path} ${path}.bak`, `sudo tee ${path} <<'EOF'`, ...lines, 'EOF'].join(
    '\n',
  )
}

function plainHttp(client: Client, host: string): Step[] {
  if (client === 'docker' && isLoopback(host)) return []
  const commands: Readonly<Record<Client, string>> = {
    docker: allowInDaemon(host),
    podman: writeFile(`/etc/containers/registries.conf.d/${host.replaceAll(/[^\w.-]/g, '-')}.conf`, [
      '[[registry]]',
      `location = "${host}"`,
      'insecure = true',
    ]),
    containerd: containerdHosts(host, 'http'),
    kubernetes: containerdHosts(host, 'http'),
  }
  return [{ step: 'plainHttp', commands: commands[client] }]
}

/**
 * Adds the registry to Docker's settings and keeps the others: daemon.json holds data-root, mirrors and proxies too. A file
 * that jq cannot read stays as it is. Docker takes this setting over without a restart, so no container stops.
 */
function allowInDaemon(host: string): string {
  const file = '/etc/docker/daemon.json'
  return [
    'sudo mkdir -p /etc/docker',
    `sudo test -s ${file} || echo '{}' | sudo tee ${file}`,
    `sudo cp ${file} ${file}.bak`,
    `merged=$(sudo jq '."insecure-registries" = (."insecure-registries" // []) - ["${host}"] + ["${host}"]' ${file}) &&`,
    `  printf '%s\\n' "$merged" | sudo tee ${file} &&`,
    '  sudo systemctl reload docker',
  ].join('\n')
}

function useSteps(client: Client, registry: Registry, project: string): Step[] {
  const image = `${registry.host}/${project}/hello:v1`
  switch (client) {
    case 'docker':
    case 'podman':
      return [
        // The step before has told the system about the registry: no flags here.
        { step: 'signIn', commands: loginCommand(client, { ...registry, secure: true, privateCertificate: false }) },
        {
          step: 'push',
          commands: `${client} pull docker.io/library/hello-world\n${client} tag docker.io/library/hello-world ${image}\n${client} push ${image}`,
        },
        { step: 'pull', commands: `${client} pull ${image}` },
      ]
    case 'containerd':
      return containerdSteps(registry, image)
    case 'kubernetes':
      return kubernetesSteps(registry, image)
  }
}

function containerdSteps(registry: Registry, image: string): Step[] {
  const plain = registry.secure ? '' : flagsFor('ctr', registry)
  const options = `--hosts-dir /etc/containerd/certs.d${plain} --user ${quoted(registry.username)}`
  return [
    {
      step: 'push',
      commands: `sudo ctr image pull docker.io/library/hello-world:latest\nsudo ctr image tag docker.io/library/hello-world:latest ${image}\nsudo ctr image push ${options} ${image}`,
    },
    { step: 'pull', commands: `sudo ctr image pull ${options} ${image}` },
  ]
}

function kubernetesSteps({ host, username }: Registry, image: string): Step[] {
  return [
    {
      step: 'secret',
      commands: `kubectl create secret docker-registry berth \\\n  --docker-server=${host} \\\n  --docker-username=${quoted(username)} \\\n  --docker-password="$PASSWORD"`,
    },
    {
      step: 'pod',
      commands: [
        "kubectl create -f - <<'EOF'",
        'apiVersion: v1',
        'kind: Pod',
        'metadata:',
        '  name: hello',
        'spec:',
        '  restartPolicy: Never',
        '  imagePullSecrets:',
        '    - name: berth',
        '  containers:',
        '    - name: hello',
        `      image: ${image}`,
        'EOF',
      ].join('\n'),
    },
  ]
}
