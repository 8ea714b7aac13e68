import type { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { parseCertificates } from './certificate-chain.ts'

/** The machine whose files are looked at: `/`, or a folder in tests. */
export interface Machine {
  readonly root: string
  /** The home folder whose ~/.config and ~/.docker count; undefined: none. */
  readonly home?: string
}

export interface ClientTrust {
  readonly client: 'docker' | 'containerd' | 'podman, buildah, skopeo' | 'everything else'
  /** Whether it seems to be used on this machine at all. */
  readonly present: boolean
  /** Authorities it would believe for this registry, beside those of the system. */
  readonly anchors: readonly X509Certificate[]
  /** Where the authority's certificate belongs. */
  readonly expectedFile: string
  /** Why a certificate that is there may still not be used. */
  readonly remarks: readonly string[]
  /** Commands that make it believe in the certificate in `authorityFile`. */
  install(authorityFile: string): readonly string[]
}

const systemBundles = [
  'etc/ssl/certs/ca-certificates.crt', // Debian, Ubuntu, Alpine, Arch
  'etc/pki/tls/certs/ca-bundle.crt', // RHEL, Fedora, openEuler, Kylin
  'etc/ssl/ca-bundle.pem', // SUSE
  'etc/ssl/cert.pem', // macOS, BSD
]

export function systemAnchors({ root }: Machine): X509Certificate[] {
  const file = systemBundles.map((each) => join(root, each)).find((each) => existsSync(each))
  return file === undefined ? [] : readCertificates(file)
}

/**
 * Where each client looks for the authority of `host` (`registry.example` or `registry.example:8443`, as it is
 * typed in an image's name), and what it finds there.
 */
export function clientTrusts(machine: Machine, host: string): ClientTrust[] {
  return [docker(machine, host), containerd(machine, host), podman(machine, host), system(machine)]
}

function docker({ root, home }: Machine, host: string): ClientTrust {
  const folder = `/etc/docker/certs.d/${host}`
  const folders = [join(root, folder), ...(home === undefined ? [] : [join(home, '.docker/certs.d', host)])]
  return {
    client: 'docker',
    present: ['usr/bin/dockerd', 'usr/local/bin/dockerd', 'etc/docker', 'var/run/docker.sock'].some((each) =>
      existsSync(join(root, each)),
    ),
    anchors: folders.flatMap((each) => certificatesIn(each, '.crt')),
    expectedFile: `${folder}/ca.crt`,
    remarks: strayFiles(join(root, folder), '.crt'),
    install: (authorityFile) => [`sudo mkdir -p ${folder}`, `sudo cp ${authorityFile} ${folder}/ca.crt`],
  }
}

function containerd({ root }: Machine, host: string): ClientTrust {
  const folder = `/etc/containerd/certs.d/${host}`
  const hostsFile = join(root, folder, 'hosts.toml')
  const config = join(root, 'etc/containerd/config.toml')
  const text = existsSync(hostsFile) ? readFileSync(hostsFile, 'utf8') : ''
  const files = [...text.matchAll(/^\s*ca\s*=\s*(.+)$/gm)].flatMap((line) =>
    [...line[1]!.matchAll(/"([^"]+)"/g)].map((match) => match[1]!),
  )
  const missing = files.filter((file) => !existsSync(inside(root, folder, file)))
  const configured =
    existsSync(config) && /config_path\s*=\s*"[^"]*\/etc\/containerd\/certs\.d/.test(readFileSync(config, 'utf8'))
  return {
    client: 'containerd',
    present: ['usr/bin/containerd', 'usr/local/bin/containerd', 'etc/containerd'].some((each) =>
      existsSync(join(root, each)),
    ),
    anchors: files.flatMap((file) => readCertificates(inside(root, folder, file))),
    expectedFile: `${folder}/hosts.toml`,
    remarks: [
      ...missing.map((file) => `${folder}/hosts.toml names ${file}, which does not exist`),
      ...(text !== '' && !configured
        ? [
            '/etc/containerd/config.toml does not set config_path = "/etc/containerd/certs.d", so Kubernetes ignores that folder (ctr wants --hosts-dir)',
          ]
        : []),
    ],
    install: (authorityFile) => [
      `sudo mkdir -p ${folder}`,
      `sudo cp ${authorityFile} ${folder}/ca.crt`,
      `printf 'server = "https://${host}"\\n\\n[host."https://${host}"]\\n  capabilities = ["pull", "resolve", "push"]\\n  ca = "${folder}/ca.crt"\\n' | sudo tee ${folder}/hosts.toml`,
      '# once, in /etc/containerd/config.toml, then: sudo systemctl restart containerd',
      '#   [plugins."io.containerd.grpc.v1.cri".registry]',
      '#     config_path = "/etc/containerd/certs.d"',
    ],
  }
}

function podman({ root, home }: Machine, host: string): ClientTrust {
  const folder = `/etc/containers/certs.d/${host}`
  const folders = [
    join(root, folder),
    join(root, `/etc/docker/certs.d/${host}`),
    ...(home === undefined ? [] : [join(home, '.config/containers/certs.d', host)]),
  ]
  return {
    client: 'podman, buildah, skopeo',
    present: ['usr/bin/podman', 'usr/bin/buildah', 'usr/bin/skopeo', 'etc/containers'].some((each) =>
      existsSync(join(root, each)),
    ),
    anchors: folders.flatMap((each) => certificatesIn(each, '.crt')),
    expectedFile: `${folder}/ca.crt`,
    remarks: strayFiles(join(root, folder), '.crt'),
    install: (authorityFile) => [`sudo mkdir -p ${folder}`, `sudo cp ${authorityFile} ${folder}/ca.crt`],
  }
}

function system({ root }: Machine): ClientTrust {
  const redHat = existsSync(join(root, 'etc/pki/ca-trust/source/anchors'))
  const file = redHat
    ? '/etc/pki/ca-trust/source/anchors/registry-ca.crt'
    : '/usr/local/share/ca-certificates/registry-ca.crt'
  return {
    client: 'everything else',
    present: true,
    anchors: [],
    expectedFile: file,
    remarks: [],
    install: (authorityFile) => [
      `sudo cp ${authorityFile} ${file}`,
      redHat ? 'sudo update-ca-trust' : 'sudo update-ca-certificates',
    ],
  }
}

const inside = (root: string, folder: string, file: string): string =>
  join(root, isAbsolute(file) ? file : join(folder, file))

function certificatesIn(folder: string, suffix: string): X509Certificate[] {
  return list(folder)
    .filter((name) => name.endsWith(suffix))
    .flatMap((name) => readCertificates(join(folder, name)))
}

/** A certificate under a name that the client does not look at: the most frequent mistake. */
function strayFiles(folder: string, suffix: string): string[] {
  return list(folder)
    .filter((name) => /\.(pem|cer|der|ca)$/.test(name))
    .map((name) => `${join(folder, name)} is not looked at: only names that end in ${suffix} are`)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // absent, or closed to us: the same as empty for what we can promise
  }
}

function readCertificates(file: string): X509Certificate[] {
  try {
    return parseCertificates(readFileSync(file, 'utf8'))
  } catch {
    return []
  }
}
