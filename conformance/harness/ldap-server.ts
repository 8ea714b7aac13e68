import { mkdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Attribute, Change, Client } from 'ldapts'
import { runCommand } from './command.ts'
import { findFreePort } from './registry.ts'
import { createCertificate } from './private-authority.ts'
import { findClient } from './real-client.ts'
import { createTemporaryFolder } from './temporary-folder.ts'

const slapd = findClient('slapd')
const slapadd = findClient('slapadd')
const modules = '/usr/lib/ldap'

/** Why there is no directory here; undefined when there is one. */
export const ldapServerMissing =
  slapd === undefined || slapadd === undefined || !existsSync(modules)
    ? 'not on this machine: slapd (Debian package slapd)'
    : undefined

export const ldapSearchAccount = { dn: 'cn=search,dc=example,dc=org', password: 'search-secret' }
const root = { dn: 'cn=root,dc=example,dc=org', password: 'root-secret' }
export const groupDn = (name: string): string => `cn=${name},ou=groups,dc=example,dc=org`
export const personDn = (uid: string): string => `uid=${uid},ou=people,dc=example,dc=org`

/** OpenLDAP as Debian has it, with people, groups, and an account that may search and nothing else. */
export interface LdapServer extends AsyncDisposable {
  /** Speaks StartTLS too. */
  readonly url: string
  readonly secureUrl: string
  /** PEM. */
  readonly authority: string
  addPerson(uid: string, password: string): Promise<void>
  /** `count` people who are called by `prefix` and a number. */
  addPeople(prefix: string, count: number): Promise<void>
  /** To another part of the directory, under the same name. */
  movePerson(uid: string): Promise<void>
  deletePerson(uid: string): Promise<void>
  addGroup(name: string, members: readonly string[]): Promise<void>
  /** One of a kind whose members' entries do not name it (`memberof`). */
  addUnnotedGroup(name: string, members: readonly string[]): Promise<void>
  removeFromGroup(name: string, uid: string): Promise<void>
  stop(): Promise<void>
}

export async function startLdapServer(): Promise<LdapServer> {
  if (slapd === undefined || slapadd === undefined) throw new Error(ldapServerMissing)
  await using cleanup = new AsyncDisposableStack()
  const folder = cleanup.use(await createTemporaryFolder())
  const file = (name: string) => join(folder.path, name)
  await mkdir(file('data'))
  const certificate = await createCertificate(folder.path)
  await writeFile(file('slapd.conf'), configuration(folder.path, certificate))
  await writeFile(file('start.ldif'), firstEntries)
  await runCommand([slapadd, '-f', file('slapd.conf'), '-l', file('start.ldif')])
  const [port, securePort] = [await findFreePort(), await findFreePort()]
  const [url, secureUrl] = [`ldap://127.0.0.1:${port}`, `ldaps://localhost:${securePort}`]
  const child = Bun.spawn(
    [slapd, '-f', file('slapd.conf'), '-h', `${url} ldaps://127.0.0.1:${securePort}`, '-d', '0'],
    {
      stdio: ['ignore', 'ignore', 'ignore'],
    },
  )
  const stop = async () => {
    child.kill('SIGTERM')
    await child.exited
  }
  cleanup.defer(stop)
  await waitUntilReady(url, child)

  const asRoot = async (run: (client: Client) => Promise<void>) => {
    const client = new Client({ url })
    try {
      await client.bind(root.dn, root.password)
      await run(client)
    } finally {
      await client.unbind()
    }
  }
  const owned = cleanup.move()
  return {
    url,
    secureUrl,
    authority: await Bun.file(certificate.authorityFile).text(),
    addPerson: async (uid, password) =>
      await asRoot(async (client) => {
        await client.add(personDn(uid), {
          objectClass: 'inetOrgPerson',
          uid,
          cn: `${uid} of Example`,
          sn: uid,
          mail: `${uid}@example.org`,
          userPassword: password,
        })
      }),
    addPeople: async (prefix, count) =>
      await asRoot(async (client) => {
        for (let number = 0; number < count; number++) {
          const uid = `${prefix}${number}`
          await client.add(personDn(uid), { objectClass: 'inetOrgPerson', uid, cn: uid, sn: uid })
        }
      }),
    movePerson: async (uid) =>
      await asRoot(async (client) => await client.modifyDN(personDn(uid), `uid=${uid},ou=moved,dc=example,dc=org`)),
    deletePerson: async (uid) => await asRoot(async (client) => await client.del(personDn(uid))),
    addGroup: async (name, members) =>
      await asRoot(async (client) => {
        const member = [ldapSearchAccount.dn, ...members.map(personDn)]
        await client.add(groupDn(name), { objectClass: 'groupOfNames', cn: name, member })
      }),
    addUnnotedGroup: async (name, members) =>
      await asRoot(async (client) => {
        const uniqueMember = members.map(personDn)
        await client.add(groupDn(name), { objectClass: 'groupOfUniqueNames', cn: name, uniqueMember })
      }),
    removeFromGroup: async (name, uid) =>
      await asRoot(async (client) => {
        const modification = new Attribute({ type: 'member', values: [personDn(uid)] })
        await client.modify(groupDn(name), new Change({ operation: 'delete', modification }))
      }),
    stop,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function configuration(
  folder: string,
  { certificateFile, privateKeyFile, authorityFile }: Awaited<ReturnType<typeof createCertificate>>,
): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile ${folder}/slapd.pid
modulepath ${modules}
moduleload back_mdb
moduleload memberof
TLSCACertificateFile ${authorityFile}
TLSCertificateFile ${certificateFile}
TLSCertificateKeyFile ${privateKeyFile}
database mdb
suffix "dc=example,dc=org"
rootdn "${root.dn}"
rootpw ${root.password}
directory ${folder}/data
maxsize 10485760
limits * size.soft=100 size.hard=100 size.prtotal=unlimited
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${ldapSearchAccount.dn}" read by * none
`
}

const firstEntries = `dn: dc=example,dc=org
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=moved,dc=example,dc=org
objectClass: organizationalUnit
ou: moved

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: ${ldapSearchAccount.dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: search
userPassword: ${ldapSearchAccount.password}
`

async function waitUntilReady(url: string, child: Bun.Subprocess): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new Client({ url, connectTimeout: 1_000 })
    try {
      await client.bind(root.dn, root.password)
      return
    } catch (cause) {
      if (attempt > 100 || child.exitCode !== null) throw new Error('slapd does not answer', { cause })
      await Bun.sleep(50)
    } finally {
      await client.unbind()
    }
  }
}
