/** Where the registry is, and what clients must be told of it. */
export interface Registry {
  /** As it stands in the name of an image: `registry.example.com:8443`. */
  readonly host: string
  readonly secure: boolean
  /** Nobody's system trusts its certificate by itself. */
  readonly privateCertificate: boolean
  /** The authority's certificate can be fetched from it. */
  readonly offersAuthority: boolean
  readonly username: string
  readonly project: string
}

export const clients = ['docker', 'podman', 'containerd', 'kubernetes'] as const
export type Client = (typeof clients)[number]

/** A step of the instructions: the key of its heading in the catalogue, and what to paste. */
export interface Step {
  readonly step: 'authority' | 'trust' | 'plainHttp' | 'signIn' | 'push' | 'pull' | 'secret' | 'pod'
  readonly commands: string
}

/** Loopback: clients speak plain HTTP to it without being told. */
const isLoopback = (host: string): boolean => /^(localhost|127\.|\[::1\])/.test(host)

/** What somebody types, one after the other, with the real name and port of this registry. */
export function stepsFor(client: Client, registry: Registry): readonly Step[] {
  return [...trustSteps(client, registry), ...useSteps(client, registry)]
}

function trustSteps(client: Client, { host, secure, privateCertificate, offersAuthority }: Registry): Step[] {
  if (!secure) return plainHttp(client, host)
  if (!privateCertificate) return []
  const fetched: Step[] = offersAuthority
    ? [
        {
          step: 'authority',
          commands: `curl -kfo ca.crt https://${host}/api/v2.0/systeminfo/getcert\nopenssl x509 -in ca.crt -noout -subject -fingerprint -sha256`,
        },
      ]
    : []
  return [...fetched, { step: 'trust', commands: trust[client](host) }]
}

const trust: Readonly<Record<Client, (host: string) => string>> = {
  docker: (host) => `sudo mkdir -p /etc/docker/certs.d/${host}\nsudo cp ca.crt /etc/docker/certs.d/${host}/ca.crt`,
  podman: (host) =>
    `sudo mkdir -p /etc/containers/certs.d/${host}\nsudo cp ca.crt /etc/containers/certs.d/${host}/ca.crt`,
  containerd: (host) => containerdHosts(host, `  ca = "/etc/containerd/certs.d/${host}/ca.crt"\n`, 'https'),
  kubernetes: (host) =>
    `# ${host}\n${containerdHosts(host, `  ca = "/etc/containerd/certs.d/${host}/ca.crt"\n`, 'https')}`,
}

function containerdHosts(host: string, more: string, scheme: 'http' | 'https'): string {
  const folder = `/etc/containerd/certs.d/${host}`
  return [
    `sudo mkdir -p ${folder}`,
    ...(more === '' ? [] : [`sudo cp ca.crt ${folder}/ca.crt`]),
    `sudo tee ${folder}/hosts.toml <<'EOF'`,
    `server = "${scheme}://${host}"`,
    '',
    `[host."${scheme}://${host}"]`,
    `  capabilities = ["pull", "resolve", "push"]\n${more}EOF`,
  ].join('\n')
}

function plainHttp(client: Client, host: string): Step[] {
  if (client === 'docker' && isLoopback(host)) return []
  const commands: Readonly<Record<Client, string>> = {
    docker: [
      "sudo tee /etc/docker/daemon.json <<'EOF'",
      `{ "insecure-registries": ["${host}"] }`,
      'EOF',
      'sudo systemctl restart docker',
    ].join('\n'),
    podman: [
      "sudo tee /etc/containers/registries.conf.d/berth.conf <<'EOF'",
      '[[registry]]',
      `location = "${host}"`,
      'insecure = true',
      'EOF',
    ].join('\n'),
    containerd: containerdHosts(host, '', 'http'),
    kubernetes: containerdHosts(host, '', 'http'),
  }
  return [{ step: 'plainHttp', commands: commands[client] }]
}

function useSteps(client: Client, { host, secure, username, project }: Registry): Step[] {
  const image = `${host}/${project}/hello:v1`
  const login = quoted(username)
  switch (client) {
    case 'docker':
    case 'podman':
      return [
        { step: 'signIn', commands: `${client} login ${host} -u ${login}` },
        {
          step: 'push',
          commands: `${client} pull docker.io/library/hello-world\n${client} tag docker.io/library/hello-world ${image}\n${client} push ${image}`,
        },
        { step: 'pull', commands: `${client} pull ${image}` },
      ]
    case 'containerd': {
      const plain = secure ? '' : ' --plain-http'
      const options = `--hosts-dir /etc/containerd/certs.d${plain} --user ${login}`
      return [
        {
          step: 'push',
          commands: `sudo ctr image pull docker.io/library/hello-world:latest\nsudo ctr image tag docker.io/library/hello-world:latest ${image}\nsudo ctr image push ${options} ${image}`,
        },
        { step: 'pull', commands: `sudo ctr image pull ${options} ${image}` },
      ]
    }
    case 'kubernetes':
      return [
        {
          step: 'secret',
          commands: `kubectl create secret docker-registry berth \\\n  --docker-server=${host} \\\n  --docker-username=${login} \\\n  --docker-password="$PASSWORD"`,
        },
        {
          step: 'pod',
          commands: [
            "kubectl apply -f - <<'EOF'",
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
}

/** A word for a shell: robots are called robot$ci. */
const quoted = (text: string): string => (/^[\w@.+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
