import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Pki, type Issued } from '../../test/pki.ts'
import { parseCertificates } from './certificate-chain.ts'
import { bareName, checkTls } from './check-tls.ts'
import type { Finding } from './finding.ts'

let folder: string
let pki: Pki
let root: Issued
let intermediate: Issued
let leaf: Issued
const day = 86_400
const host = 'registry.example:8443'

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-doctor-'))
  pki = new Pki(folder)
  root = pki.root('Test Root')
  intermediate = pki.intermediate('Test Intermediate', root)
  leaf = pki.leaf('leaf', intermediate, { names: 'DNS:registry.example,DNS:*.wild.example,IP:10.0.0.5' })
})
afterAll(() => rmSync(folder, { recursive: true }))

let machines = 0
/** A machine with docker, containerd and podman on it, and these files. */
function machineWith(files: Readonly<Record<string, string>> = {}): string {
  const machine = join(folder, `machine-${machines++}`)
  const all = {
    'etc/docker/daemon.json': '{}',
    'etc/containerd/config.toml': 'config_path = "/etc/containerd/certs.d"\n',
    'etc/containers/policy.json': '{}',
    ...files,
  }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(machine, path)), { recursive: true })
    writeFileSync(join(machine, path), text)
  }
  return machine
}

interface Look {
  readonly chain?: string
  readonly files?: Readonly<Record<string, string>>
  readonly host?: string
  readonly authority?: Issued
}

function look({
  chain = leaf.certificate + intermediate.certificate,
  files = {},
  host: name = host,
  authority,
}: Look = {}): Finding[] {
  return checkTls({
    host: name,
    served: parseCertificates(chain),
    machine: { root: machineWith(files) },
    now: Date.now(),
    ...(authority === undefined
      ? {}
      : { authorityFile: { path: '/root/ca.crt', certificates: parseCertificates(authority.certificate) } }),
  })
}

const about = (findings: readonly Finding[], subject: string): Finding => {
  const found = findings.find((finding) => finding.subject.startsWith(subject))
  if (found === undefined) throw new Error(`nothing about ${subject} in ${JSON.stringify(findings)}`)
  return found
}

describe('x509: certificate signed by unknown authority', () => {
  test('is said of every client that does not know the authority, with the commands that make it known', () => {
    const findings = look()
    for (const client of ['docker', 'containerd', 'podman', 'everything else']) {
      const finding = about(findings, client)
      expect(finding.status).toBe('problem')
      expect(finding.summary).toContain('x509: certificate signed by unknown authority')
      expect(finding.summary).toContain('"Test Root"')
    }
    expect(about(findings, 'docker').remedy).toContain(`sudo mkdir -p /etc/docker/certs.d/${host}`)
    expect(about(findings, 'docker').remedy).toContain(`sudo cp ca.crt /etc/docker/certs.d/${host}/ca.crt`)
    expect(about(findings, 'containerd').remedy!.join('\n')).toContain(
      `sudo tee /etc/containerd/certs.d/${host}/hosts.toml`,
    )
    expect(about(findings, 'podman').remedy).toContain(`sudo cp ca.crt /etc/containers/certs.d/${host}/ca.crt`)
    expect(about(findings, 'everything else').remedy).toContain('sudo update-ca-certificates')
  })

  test('is not said where the authority is known: each client has its own folder', () => {
    const place: Record<string, [file: string, text: string][]> = {
      docker: [[`etc/docker/certs.d/${host}/ca.crt`, root.certificate]],
      podman: [[`etc/containers/certs.d/${host}/anything.crt`, root.certificate]],
      containerd: [
        [`etc/containerd/certs.d/${host}/hosts.toml`, `[host."https://${host}"]\n  ca = "ca.crt"\n`],
        [`etc/containerd/certs.d/${host}/ca.crt`, root.certificate],
      ],
    }
    for (const [client, files] of Object.entries(place)) {
      const findings = look({ files: Object.fromEntries(files) })
      expect(about(findings, client).status).toBe('good')
      expect(about(findings, 'everything else').status).toBe('problem')
    }
  })

  test('podman also believes what docker believes', () => {
    const findings = look({ files: { [`etc/docker/certs.d/${host}/ca.crt`]: root.certificate } })
    expect(about(findings, 'podman').status).toBe('good')
  })

  test('the system’s store is enough for all', () => {
    const findings = look({ files: { 'etc/ssl/certs/ca-certificates.crt': root.certificate } })
    expect(findings.filter(({ status }) => status === 'problem')).toEqual([])
  })

  test('a folder for another port does not count: docker goes by what is typed', () => {
    const findings = look({ files: { 'etc/docker/certs.d/registry.example/ca.crt': root.certificate } })
    expect(about(findings, 'docker').status).toBe('problem')
  })

  test('a file that is named ca.pem is pointed at', () => {
    const findings = look({ files: { [`etc/docker/certs.d/${host}/ca.pem`]: root.certificate } })
    expect(about(findings, 'docker').remedy!.join('\n')).toContain('ca.pem is not looked at')
  })

  test('a hosts.toml that names a missing file, or that Kubernetes is not told of, is pointed at', () => {
    const files = {
      [`etc/containerd/certs.d/${host}/hosts.toml`]: `[host."https://${host}"]\n  ca = "/etc/nowhere.crt"\n`,
      'etc/containerd/config.toml': 'version = 2\n',
    }
    const remedy = about(look({ files }), 'containerd').remedy!.join('\n')
    expect(remedy).toContain('/etc/nowhere.crt, which does not exist')
    expect(remedy).toContain('config_path')
  })

  test('another authority with the same name does not vouch: signatures count', () => {
    const impostor = pki.root('Test Root')
    const findings = look({ files: { [`etc/docker/certs.d/${host}/ca.crt`]: impostor.certificate } })
    expect(about(findings, 'docker').status).toBe('problem')
  })

  test('a certificate that signed itself is believed when it is itself the anchor', () => {
    const own = pki.selfSigned('own', 'DNS:registry.example')
    expect(about(look({ chain: own.certificate }), 'docker').status).toBe('problem')
    const findings = look({ chain: own.certificate, files: { [`etc/docker/certs.d/${host}/ca.crt`]: own.certificate } })
    expect(about(findings, 'docker').status).toBe('good')
  })

  test('with --ca the commands name that file', () => {
    expect(about(look({ authority: root }), 'docker').remedy).toContain(
      `sudo cp /root/ca.crt /etc/docker/certs.d/${host}/ca.crt`,
    )
  })

  test('with --ca of another authority that is said, instead of commands that cannot help', () => {
    const findings = look({ authority: pki.root('Other Root') })
    expect(about(findings, 'chain').summary).toContain('does not lead to /root/ca.crt')
    expect(findings.some(({ subject }) => subject.startsWith('docker'))).toBe(false)
  })
})

describe('a missing intermediate', () => {
  test('is named when the authority is known and the chain does not reach it', () => {
    const finding = about(look({ chain: leaf.certificate, authority: root }), 'chain')
    expect(finding.summary).toContain('"Test Intermediate" is missing')
    expect(finding.remedy![0]).toContain('cat server.crt intermediate.crt > fullchain.crt')
  })

  test('is told from an unknown authority when the certificate says where its issuer can be fetched', () => {
    const fetched = pki.leaf('fetched', intermediate, {
      names: 'DNS:registry.example',
      issuerUrl: 'http://ca.example/inter.crt',
    })
    const files = { 'etc/ssl/certs/ca-certificates.crt': root.certificate }
    const finding = about(look({ chain: fetched.certificate, files }), 'docker')
    expect(finding.summary).toContain('does not send the intermediate "Test Intermediate"')
    expect(finding.remedy![0]).toContain('fullchain.crt')
  })
})

describe('names', () => {
  const said = (name: string, names: string | undefined) =>
    about(
      look({
        host: name,
        chain: pki.leaf('named', root, names === undefined ? { commonName: bareName(name) } : { names }).certificate,
      }),
      'name of',
    )

  test('a certificate for another name: x509: certificate is valid for …, not …', () => {
    const finding = said('registry.example:8443', 'DNS:other.example,DNS:third.example')
    expect(finding.status).toBe('problem')
    expect(finding.summary).toContain(
      'x509: certificate is valid for other.example, third.example, not registry.example',
    )
    expect(finding.remedy!.join('\n')).toContain(
      'subjectAltName=DNS:other.example,DNS:third.example,DNS:registry.example',
    )
  })

  test('a name only in the Common Name: x509: certificate relies on legacy Common Name field', () => {
    expect(said('registry.example', undefined).summary).toContain(
      'x509: certificate relies on legacy Common Name field, use SANs instead',
    )
  })

  test('an address without any IP name: x509: cannot validate certificate for … because it doesn’t contain any IP SANs', () => {
    const finding = said('10.0.0.5:8443', 'DNS:registry.example')
    expect(finding.summary).toContain(
      "x509: cannot validate certificate for 10.0.0.5 because it doesn't contain any IP SANs",
    )
    expect(finding.remedy!.join('\n')).toContain('IP:10.0.0.5')
  })

  test('an address written as a DNS name does not count', () => {
    expect(said('10.0.0.5', 'DNS:10.0.0.5').status).toBe('problem')
  })

  test('another address: x509: certificate is valid for …, not …', () => {
    expect(said('10.0.0.6', 'IP:10.0.0.5').summary).toContain('x509: certificate is valid for 10.0.0.5, not 10.0.0.6')
  })

  test('the right name, a wildcard one level up, and the right address pass', () => {
    for (const name of ['registry.example', 'a.wild.example', '10.0.0.5'])
      expect(about(look({ host: name }), 'name of').status).toBe('good')
    expect(about(look({ host: 'a.b.wild.example' }), 'name of').status).toBe('problem')
  })
})

describe('time', () => {
  test('expired and not yet valid are told apart, in the words of the clients', () => {
    const old = pki.leaf('old', root, { names: 'DNS:registry.example', from: -90 * day, until: -2 * day })
    const young = pki.leaf('young', root, { names: 'DNS:registry.example', from: 2 * day, until: 90 * day })
    expect(about(look({ chain: old.certificate }), 'certificate of').summary).toMatch(
      /expired on .*x509: certificate has expired or is not yet valid.* is after /,
    )
    expect(about(look({ chain: young.certificate }), 'certificate of').summary).toMatch(/valid only from .* is before /)
  })

  test('an end in sight is a warning', () => {
    const ending = pki.leaf('ending', root, { names: 'DNS:registry.example', until: 5 * day })
    expect(about(look({ chain: ending.certificate }), 'certificate of')).toMatchObject({ status: 'warning' })
  })

  test('an expired intermediate is named', () => {
    const old = pki.intermediate('Old Intermediate', root, { from: -90 * day, until: -2 * day })
    const signed = pki.leaf('signed', old, { names: 'DNS:registry.example' })
    const found = look({ chain: signed.certificate + old.certificate }).filter(({ status }) => status === 'problem')
    expect(found[0]!.summary).toContain('the intermediate "Old Intermediate" expired')
  })
})

test('the name of a host is told from its port, for addresses of both families', () => {
  expect(['a:1', 'a', '[fd00::5]:8443', '[fd00::5]', 'fd00::5', '10.0.0.5:1'].map(bareName)).toEqual([
    'a',
    'a',
    'fd00::5',
    'fd00::5',
    'fd00::5',
    '10.0.0.5',
  ])
})

test('one client that was asked for is told of, whether it is here or not, and no other', () => {
  const empty = join(folder, 'empty-machine')
  const findings = checkTls({
    ...{ host, served: parseCertificates(leaf.certificate + intermediate.certificate), machine: { root: empty } },
    ...{ now: Date.now(), client: 'podman, buildah, skopeo' as const },
  })
  const told = findings.filter(({ subject }) => subject.endsWith('on this machine'))
  expect(told.map(({ subject }) => subject)).toEqual(['podman, buildah, skopeo on this machine'])
  expect(told[0]!.remedy!.join('\n')).toContain(`/etc/containers/certs.d/${host}`)
})
