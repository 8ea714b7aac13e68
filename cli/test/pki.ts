import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Issued {
  readonly certificateFile: string
  readonly privateKeyFile: string
  readonly certificate: string
  readonly privateKey: string
}

export interface LeafOptions {
  /** `DNS:registry.example,IP:10.0.0.5`; undefined: no Subject Alternative Name at all. */
  readonly names?: string
  readonly commonName?: string
  /** Seconds relative to now; default: from an hour ago for 90 days. */
  readonly from?: number
  readonly until?: number
  /** Address where the issuer's certificate can be fetched, as public authorities write it. */
  readonly issuerUrl?: string
}

const day = 86_400

/** Certificates made by openssl in a folder of their own. */
export class Pki {
  readonly #folder: string
  #serial = 1000

  constructor(folder: string) {
    this.#folder = folder
  }

  root(name: string): Issued {
    const files = this.#files(name)
    this.#openssl([
      'req',
      '-x509',
      ...keyOptions,
      '-days',
      '90',
      '-subj',
      `/CN=${name}`,
      '-addext',
      'basicConstraints=critical,CA:TRUE',
      '-keyout',
      files.privateKeyFile,
      '-out',
      files.certificateFile,
    ])
    return this.#read(files)
  }

  intermediate(name: string, issuer: Issued, options: LeafOptions = {}): Issued {
    return this.#sign(name, `/CN=${name}`, issuer, 'basicConstraints=critical,CA:TRUE', options)
  }

  leaf(name: string, issuer: Issued, options: LeafOptions): Issued {
    const extensions = [
      'basicConstraints=CA:FALSE',
      ...(options.names === undefined ? [] : [`subjectAltName=${options.names}`]),
      ...(options.issuerUrl === undefined ? [] : [`authorityInfoAccess=caIssuers;URI:${options.issuerUrl}`]),
    ]
    return this.#sign(name, `/CN=${options.commonName ?? name}`, issuer, extensions.join('\n'), options)
  }

  selfSigned(name: string, names: string): Issued {
    const files = this.#files(name)
    this.#openssl([
      'req',
      '-x509',
      ...keyOptions,
      '-days',
      '90',
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=${names}`,
      '-keyout',
      files.privateKeyFile,
      '-out',
      files.certificateFile,
    ])
    return this.#read(files)
  }

  #sign(
    name: string,
    subject: string,
    issuer: Issued,
    extensions: string,
    { from = -3600, until = 90 * day }: LeafOptions,
  ): Issued {
    const files = this.#files(name)
    const request = join(this.#folder, `${name}.csr`)
    const extensionFile = join(this.#folder, `${name}.ext`)
    writeFileSync(extensionFile, `[v3]\n${extensions}\n`)
    this.#openssl(['req', '-new', ...keyOptions, '-subj', subject, '-keyout', files.privateKeyFile, '-out', request])
    // `openssl ca` is the one that takes dates; it wants a small folder of its own.
    const config = join(this.#folder, `${name}.cnf`)
    writeFileSync(join(this.#folder, `${name}.index`), '')
    writeFileSync(
      config,
      `[ca]\ndefault_ca=own\n[own]\ndatabase=${join(this.#folder, `${name}.index`)}\nnew_certs_dir=${this.#folder}\nrand_serial=yes\ndefault_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n`,
    )
    this.#openssl([
      ...['ca', '-batch', '-notext', '-config', config, '-in', request, '-out', files.certificateFile],
      ...[
        '-cert',
        issuer.certificateFile,
        '-keyfile',
        issuer.privateKeyFile,
        '-extfile',
        extensionFile,
        '-extensions',
        'v3',
      ],
      ...['-startdate', stamp(from), '-enddate', stamp(until)],
    ])
    return this.#read(files)
  }

  #files(name: string) {
    const base = join(this.#folder, `${name}-${this.#serial++}`)
    return { certificateFile: `${base}.crt`, privateKeyFile: `${base}.key` }
  }

  #read(files: { certificateFile: string; privateKeyFile: string }): Issued {
    return {
      ...files,
      certificate: readFileSync(files.certificateFile, 'utf8'),
      privateKey: readFileSync(files.privateKeyFile, 'utf8'),
    }
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}

const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

const stamp = (seconds: number): string =>
  new Date(Date.now() + seconds * 1000).toISOString().replace(/[-:T]|\.\d+/g, '')
