import type { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  alternativeNames,
  findNameMismatch,
  followChain,
  nameOf,
  validityOf,
  type ChainEnd,
} from './certificate-chain.ts'
import { clientTrusts, systemAnchors, type ClientTrust, type Machine } from './client-trust.ts'
import { good, problem, warning, type Finding } from './finding.ts'

export interface TlsCheck {
  /** As clients type it: `registry.example`, `10.0.0.5:8443`, `[fd00::5]:8443`. */
  readonly host: string
  /** The chain that the server sends, leaf first. */
  readonly served: readonly X509Certificate[]
  readonly machine: Machine
  readonly now: number
  /** Only this one, whether it is used here or not; undefined: those that seem to be. */
  readonly client?: ClientTrust['client']
  /** The authority's certificate, when a flag says where it is. */
  readonly authorityFile?: { readonly path: string; readonly certificates: readonly X509Certificate[] }
}

/** Looks at a server's certificate as each client of this machine would. */
export function checkTls(check: TlsCheck): Finding[] {
  const leaf = check.served[0]!
  return [...checkValidity(check), ...checkName(check, leaf), ...checkAuthority(check)]
}

function checkValidity({ host, served, now }: TlsCheck): Finding[] {
  return served.flatMap((certificate, index): Finding[] => {
    const subject = `certificate of ${host}`
    const which = index === 0 ? 'the certificate' : `the intermediate "${nameOf(certificate.subject)}"`
    const validity = validityOf(certificate, now)
    const clientSays = (relation: string, moment: Date) =>
      `clients say "x509: certificate has expired or is not yet valid: current time ${iso(now)} is ${relation} ${iso(moment.getTime())}"`
    switch (validity.kind) {
      case 'expired':
        return [
          problem(subject, `${which} expired on ${iso(validity.at.getTime())}; ${clientSays('after', validity.at)}`, [
            'get a new one and put it in place of the file: Berth takes it over within seconds, without a restart',
          ]),
        ]
      case 'not-yet':
        return [
          problem(
            subject,
            `${which} is valid only from ${iso(validity.from.getTime())}; ${clientSays('before', validity.from)}`,
            ['is the clock of this machine right? date -u; timedatectl'],
          ),
        ]
      case 'valid':
        if (validity.daysLeft < 14)
          return [warning(subject, `${which} expires in ${validity.daysLeft} days`, ['renew it now'])]
        return index === 0 ? [good(subject, `valid for ${validity.daysLeft} more days`)] : []
    }
  })
}

function checkName({ host }: TlsCheck, leaf: X509Certificate): Finding[] {
  const subject = `name of ${host}`
  const name = bareName(host)
  const mismatch = findNameMismatch(leaf, name)
  const { hosts, addresses } = alternativeNames(leaf)
  if (mismatch === undefined) return [good(subject, `the certificate is for ${[...hosts, ...addresses].join(', ')}`)]
  const names = [
    ...new Set([
      ...hosts.map((each) => `DNS:${each}`),
      ...addresses.map((each) => `IP:${each}`),
      `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`,
    ]),
  ]
  return [
    problem(subject, `clients say "${mismatch.clientSays}"`, [
      `the certificate needs ${name} among its Subject Alternative Names. With an authority of your own:`,
      ...signingCommands(name, names),
      'then put server.crt and server.key where https.certificate and https.private_key point',
    ]),
  ]
}

function signingCommands(name: string, names: readonly string[]): string[] {
  return [
    `openssl req -new -newkey rsa:3072 -nodes -subj "/CN=${name}" -keyout server.key -out server.csr`,
    `printf 'subjectAltName=${names.join(',')}\\nextendedKeyUsage=serverAuth\\n' > server.ext`,
    'openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 397 -extfile server.ext -out server.crt',
  ]
}

function checkAuthority({ host, served, machine, client, authorityFile }: TlsCheck): Finding[] {
  const systemWide = systemAnchors(machine)
  const known = authorityFile === undefined ? [] : authorityFile.certificates
  const hopeless = known.length > 0 ? followChain(served, [...systemWide, ...known]) : undefined
  const subject = `chain of ${host}`
  if (hopeless !== undefined && hopeless.kind !== 'trusted') {
    return [
      problem(
        subject,
        `the chain the server sends does not lead to ${authorityFile!.path}: "${authorityOf(hopeless, served)}" is missing between them, or another authority signed it`,
        ['put the intermediates behind the certificate, in one file: cat server.crt intermediate.crt > fullchain.crt'],
      ),
    ]
  }
  return clientTrusts(machine, host)
    .filter((trust) => (client === undefined ? trust.present : trust.client === client))
    .map((trust) => judge(trust, { host, served, systemWide, authorityFile: authorityFile?.path }))
}

interface Judging {
  readonly host: string
  readonly served: readonly X509Certificate[]
  readonly systemWide: readonly X509Certificate[]
  readonly authorityFile: string | undefined
}

function judge(trust: ClientTrust, { host, served, systemWide, authorityFile }: Judging): Finding {
  const subject = `${trust.client} on this machine`
  const end = followChain(served, [...systemWide, ...trust.anchors])
  if (end.kind === 'trusted') {
    const summary = `trusts ${host}: "${nameOf(end.anchor.subject)}" is known to it`
    return trust.remarks.length === 0 ? good(subject, summary) : warning(subject, summary, trust.remarks)
  }
  const file = authorityFile ?? 'ca.crt'
  if (end.kind === 'incomplete') {
    return problem(
      subject,
      `says "x509: certificate signed by unknown authority": the server does not send the intermediate "${end.missing}"`,
      [
        'on the server, put it behind the certificate: cat server.crt intermediate.crt > fullchain.crt',
        ...trust.remarks,
      ],
    )
  }
  const authority = authorityOf(end, served)
  return problem(
    subject,
    `says "x509: certificate signed by unknown authority": it does not know "${authority}", and ${trust.expectedFile} does not name it`,
    [
      ...trust.remarks,
      ...(authorityFile === undefined
        ? [
            end.kind === 'self-signed'
              ? `ca.crt is the certificate itself (it signed itself); fetch it with:`
              : `ca.crt is the certificate of the authority "${authority}"; whoever runs it has it. What the server sends:`,
            `openssl s_client -connect ${withPort(host)} -servername ${bareName(host)} -showcerts </dev/null`,
          ]
        : []),
      ...trust.install(file),
    ],
  )
}

function authorityOf(end: ChainEnd, served: readonly X509Certificate[]): string {
  if (end.kind === 'unknown-authority') return end.authority
  return end.kind === 'incomplete' ? end.missing : nameOf(served[0]!.issuer)
}

const iso = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z')
const withPort = (host: string): string => (/:\d+$/.test(host) ? host : `${host}:443`)

/** The host without port and brackets. */
export function bareName(host: string): string {
  if (isIP(host) !== 0) return host
  const bracketed = /^\[([^\]]+)\]/.exec(host)
  return bracketed?.[1] ?? host.replace(/:\d+$/, '')
}
