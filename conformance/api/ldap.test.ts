import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  groupDn,
  ldapSearchAccount,
  ldapServerMissing,
  startLdapServer,
  type LdapServer,
} from '../harness/ldap-server.ts'
import { skipLoudly } from '../harness/real-client.ts'
import { addAccount, addProject, describeControlledScenario } from '../harness/scenario.ts'
import { ApiClient } from './contract-client.ts'
import { dockerToken, mayPull } from './login.ts'

const allowLocal = { BERTH_OUTBOUND_ALLOW_LOCAL: 'true' }

if (ldapServerMissing !== undefined) skipLoudly('people of a directory', ldapServerMissing)
else
  describe('a directory', () => {
    let directory: LdapServer
    beforeAll(async () => {
      directory = await startLdapServer()
    }, 30_000)
    afterAll(() => directory?.[Symbol.asyncDispose]())

    describeControlledScenario(
      'people of a directory',
      (registry) => {
        const admin = () => new ApiClient(registry())
        const settings = () => ({
          auth_mode: 'ldap_auth',
          ldap_url: directory.url,
          ldap_search_dn: ldapSearchAccount.dn,
          ldap_search_password: ldapSearchAccount.password,
          ldap_base_dn: 'ou=people,dc=example,dc=org',
          ldap_uid: 'uid',
          ldap_filter: '(objectClass=inetOrgPerson)',
          ldap_group_base_dn: 'ou=groups,dc=example,dc=org',
          ldap_group_search_filter: 'objectClass=groupOfNames',
          ldap_group_attribute_name: 'cn',
          ldap_group_admin_dn: '',
        })
        const configure = async (changes: object = {}) => {
          const body = { ...settings(), ...changes }
          expect((await admin().call('PUT /configurations', { body })).status).toBe(200)
        }
        const newPerson = async () => {
          const person = { username: `p${crypto.randomUUID().slice(0, 8)}`, password: crypto.randomUUID() }
          await directory.addPerson(person.username, person.password)
          return person
        }
        const current = async (as: { username: string; password: string }) =>
          await new ApiClient(registry(), as).call<{ user_id: number; [key: string]: unknown }>('GET /users/current')

        test('who is in the directory gets an account at the first login, with what the directory says', async () => {
          await configure()
          const ada = await newPerson()
          const first = await current(ada)
          expect(first).toMatchObject({
            status: 200,
            body: { username: ada.username, email: `${ada.username}@example.org`, sysadmin_flag: false },
          })
          // As the directory does, whatever the case: it is the same person.
          expect((await current({ ...ada, username: ada.username.toUpperCase() })).body.user_id).toBe(
            first.body.user_id,
          )
        })

        test('a wrong password, an empty one and a name that is nobody are refused', async () => {
          await configure()
          const ada = await newPerson()
          for (const wrong of [
            { ...ada, password: 'wrong' },
            { ...ada, password: '' },
            { username: '*', password: ada.password },
            { username: `${ada.username})(uid=*`, password: ada.password },
            { username: 'nobody', password: 'x' },
          ])
            expect((await current(wrong)).status).toBe(401)
        })

        test('a group gives its role to its members, until they leave it: at the next login or token', async () => {
          await configure()
          const [ada, group] = [await newPerson(), `g${crypto.randomUUID().slice(0, 8)}`]
          await directory.addGroup(group, [ada.username])
          const project = await addProject(registry())
          const params = { project_name_or_id: project }
          const added = await admin().call('POST /projects/{project_name_or_id}/members', {
            params,
            body: { role_id: 3, member_group: { ldap_group_dn: groupDn(group).toUpperCase() } },
          })
          expect(added.status).toBe(201)
          const token = await dockerToken(registry(), ada, `repository:${project}/app:pull`)
          expect(await mayPull(registry(), token, `${project}/app`)).toBe(true)
          const members = await admin().call('GET /projects/{project_name_or_id}/members', { params })
          expect(members.body).toContainEqual(expect.objectContaining({ entity_type: 'g', entity_name: group }))

          await directory.removeFromGroup(group, ada.username)
          const next = await dockerToken(registry(), ada, `repository:${project}/app:pull`)
          expect(await mayPull(registry(), next, `${project}/app`)).toBe(false)
          // The older token says that it may pull; its account may no more.
          expect(await mayPull(registry(), token, `${project}/app`)).toBe(false)
        })

        test('groups are those that the entry names; members are searched for where it has no such attribute', async () => {
          const [ada, group] = [await newPerson(), `g${crypto.randomUUID().slice(0, 8)}`]
          await directory.addUnnotedGroup(group, [ada.username])
          const groupsAfterSignIn = async (changes: object) => {
            await configure({ ldap_group_search_filter: 'objectClass=groupOfUniqueNames', ...changes })
            expect((await current(ada)).status).toBe(200)
            const { body } = await admin().call<{ group_name: string }[]>('GET /usergroups', {
              query: `group_name=${group}`,
            })
            return body.map(({ group_name: name }) => name)
          }
          expect(await groupsAfterSignIn({})).toEqual([])
          expect(await groupsAfterSignIn({ ldap_group_membership_attribute: '' })).toEqual([group])
          await configure({ ldap_group_membership_attribute: 'memberof' })
        })

        test('the group of administrators makes administrators, and unmakes them with their tokens', async () => {
          const [ada, group] = [await newPerson(), `g${crypto.randomUUID().slice(0, 8)}`]
          await directory.addGroup(group, [ada.username])
          await configure({ ldap_group_admin_dn: groupDn(group) })
          expect((await current(ada)).body).toMatchObject({ admin_role_in_auth: true })
          const asAda = new ApiClient(registry(), ada)
          expect((await asAda.call('GET /users')).status).toBe(200)
          const project = await addProject(registry())
          const token = await dockerToken(registry(), ada, `repository:${project}/app:pull`)
          expect(await mayPull(registry(), token, `${project}/app`)).toBe(true)
          await directory.removeFromGroup(group, ada.username)
          expect((await asAda.call('GET /users')).status).toBe(403)
          expect(await mayPull(registry(), token, `${project}/app`)).toBe(false)
        })

        test('accounts of the registry sign in as before, and the directory is not asked about them', async () => {
          const bob = await addAccount(registry())
          await directory.addPerson(bob.username, 'password-in-the-directory')
          await configure()
          expect((await current(bob)).status).toBe(200)
          expect((await current({ ...bob, password: 'password-in-the-directory' })).status).toBe(401)
        })

        test('who is gone from the directory cannot sign in, and a disabled account cannot either', async () => {
          await configure()
          const [ada, eve] = [await newPerson(), await newPerson()]
          expect((await current(ada)).status).toBe(200)
          await directory.deletePerson(ada.username)
          expect((await current(ada)).status).toBe(401)
          expect((await current(eve)).status).toBe(200)
          await registry().control.berth(['user', 'disable', eve.username])
          expect((await current(eve)).status).toBe(401)
        })

        test('people are found and imported before they come; who is unknown is named', async () => {
          await configure()
          const ada = await newPerson()
          const found = await admin().call<{ username: string }[]>('GET /ldap/users/search', {
            query: `username=${ada.username.slice(0, 5)}`,
          })
          expect(found.body.map(({ username }) => username)).toContain(ada.username)
          const imported = await admin().call('POST /ldap/users/import', { body: { ldap_uid_list: [ada.username] } })
          expect(imported.status).toBe(200)
          const again = await admin().call<{ uid: string }[]>('POST /ldap/users/import', {
            body: { ldap_uid_list: [ada.username, 'nobody'] },
          })
          expect(again.status).toBe(404)
          expect(again.body.map(({ uid }) => uid)).toEqual([ada.username, 'nobody'])
        })

        test('a group is found by a part of its name, and by its distinguished name', async () => {
          await configure()
          const group = `g${crypto.randomUUID().slice(0, 8)}`
          await directory.addGroup(group, [])
          for (const query of [`groupname=${group.slice(1, 6)}`, `groupdn=${encodeURIComponent(groupDn(group))}`]) {
            const found = await admin().call('GET /ldap/groups/search', { query })
            expect(found.body).toContainEqual({ group_name: group, group_type: 1, ldap_group_dn: groupDn(group) })
          }
          const made = await admin().call('POST /usergroups', {
            body: { group_type: 1, ldap_group_dn: groupDn(group) },
          })
          expect(made.status).toBe(201)
          const again = await admin().call('POST /usergroups', {
            body: { group_type: 1, group_name: 'another name', ldap_group_dn: groupDn(group) },
          })
          expect([again.status, JSON.stringify(again.body)]).toEqual([409, expect.stringContaining(groupDn(group))])
          const unknown = { group_type: 1, ldap_group_dn: groupDn('there-is-none') }
          expect((await admin().call('POST /usergroups', { body: unknown })).status).toBe(404)
        })

        test.each([
          ['StartTLS', () => ({ ldap_url: directory.url, ldap_start_tls: true })],
          ['LDAPS', () => ({ ldap_url: directory.secureUrl })],
        ])('%s works with the authority that signed, and not without it', async (_name, changes) => {
          await configure()
          const ping = async (body: object) =>
            (await admin().call<{ success: boolean; message?: string }>('POST /ldap/ping', { body })).body
          const secret = { ldap_search_password: ldapSearchAccount.password, ...changes() }
          // The address is by name: its certificate says localhost.
          const byName = { ...secret, ldap_url: changes().ldap_url.replace('127.0.0.1', 'localhost') }
          expect(await ping({ ...byName, ldap_ca_certificate: directory.authority })).toEqual({ success: true })
          expect(await ping(byName)).toMatchObject({ success: false, message: expect.stringMatching(/certificate/i) })
          expect(await ping({ ...byName, ldap_verify_cert: false })).toEqual({ success: true })
        })

        test('a test of the directory says what is wrong, and gives the stored secret to no other server', async () => {
          await configure()
          const ping = async (body?: object) =>
            (await admin().call<{ success: boolean; message?: string }>('POST /ldap/ping', { body })).body
          expect(await ping()).toEqual({ success: true })
          for (const [body, message] of [
            [{ ldap_search_password: 'wrong' }, /refuses ldap_search_dn/],
            [{ ldap_url: 'http://example.org' }, /ldap_url should look like/],
            [{ ldap_filter: '(uid=' }, /no LDAP filter/],
            [{ ldap_base_dn: 'ou=nowhere,dc=example,dc=org' }, /the directory has no ou=nowhere/],
            [{ ldap_url: 'ldap://127.0.0.1:1' }, /ldap_search_password is empty/],
            [{ ldap_url: 'ldap://127.0.0.1:1', ldap_search_password: 'x' }, /cannot be asked/],
          ] as const)
            expect(await ping(body)).toMatchObject({ success: false, message: expect.stringMatching(message) })
        })

        test('who is moved to another part of the directory is the same person, with all rights', async () => {
          await configure({ ldap_base_dn: 'dc=example,dc=org' })
          const ada = await newPerson()
          const before = await current(ada)
          const project = await addProject(registry())
          const member = { role_id: 3, member_user: { username: ada.username } }
          const params = { project_name_or_id: project }
          await admin().call('POST /projects/{project_name_or_id}/members', { params, body: member })
          await directory.movePerson(ada.username)
          expect(await current(ada)).toMatchObject({ status: 200, body: { user_id: before.body.user_id } })
          const token = await dockerToken(registry(), ada, `repository:${project}/app:pull`)
          expect(await mayPull(registry(), token, `${project}/app`)).toBe(true)
        })

        test('an administrator hands an account over to the next person of its name, and that is in the audit log', async () => {
          await configure()
          const ada = await newPerson()
          const { user_id: id } = (await current(ada)).body
          await directory.deletePerson(ada.username)
          await directory.addPerson(ada.username, ada.password)
          expect((await current(ada)).status).toBe(409)
          const relink = async (as: ApiClient, body: object) =>
            (await as.call('PUT /users/{user_id}/identity', { params: { user_id: id }, body })).status
          const stranger = new ApiClient(registry(), await addAccount(registry()))
          const identity = { issuer: 'https://login.example.org', subject: '7' }
          expect(await relink(stranger, {})).toBe(403)
          // Of a directory it is whoever signs in next, and half an identity is none.
          expect([await relink(admin(), identity), await relink(admin(), { subject: '7' })]).toEqual([400, 400])
          expect((await current(ada)).status).toBe(409)
          expect(await relink(admin(), {})).toBe(200)
          expect((await current(ada)).body).toMatchObject({ user_id: id, source: 'ldap' })
          const log = await admin().call<{ operation: string; resource: string }[]>('GET /auditlog-exts', {
            query: `page_size=100&q=resource%3D${ada.username}`,
          })
          expect(log.body).toContainEqual(expect.objectContaining({ operation: 'update', resource: ada.username }))
        })

        test('a group with a comma in its name is meant however the comma is written', async () => {
          const [ada, group] = [await newPerson(), `g${crypto.randomUUID().slice(0, 8)}`]
          await directory.addGroup(`${group}\\, Platform`, [ada.username])
          for (const comma of ['\\,', '\\2C', '\\2c']) {
            await configure({ ldap_group_admin_dn: groupDn(`${group}${comma} Platform`) })
            expect((await current(ada)).body).toMatchObject({ admin_role_in_auth: true })
          }
          await configure({ ldap_group_admin_dn: groupDn(`${group} Platform`) })
          expect((await current(ada)).body).toMatchObject({ admin_role_in_auth: false })
        })

        test('all people are found when the directory lists only some of them at a time', async () => {
          await configure()
          const prefix = `m${crypto.randomUUID().slice(0, 8)}x`
          await directory.addPeople(prefix, 130)
          const found = await admin().call('GET /ldap/users/search', { query: `username=${prefix}` })
          expect(found.body).toHaveLength(130)
        })

        test('a name that no account can have here is made harmless', async () => {
          await configure()
          const person = { username: `d${crypto.randomUUID().slice(0, 8)}#ext`, password: crypto.randomUUID() }
          await directory.addPerson(person.username, person.password)
          expect(await current(person)).toMatchObject({
            status: 200,
            body: { username: person.username.replace('#', '_') },
          })
        })

        test('while the directory is away nobody of it is let in, and nobody is told that they are wrong', async () => {
          await configure({ ldap_url: 'ldap://127.0.0.1:1' })
          const answer = await current({ username: 'ada', password: 'x' })
          expect(answer.status).toBe(503)
          expect(answer.headers.get('retry-after')).not.toBeNull()
          // Where it was looked for, and what was there, is for who runs the registry.
          expect(JSON.stringify(answer.body)).toContain(
            'the directory cannot be asked; the log of the registry says why',
          )
          expect((await admin().call('GET /users/current')).status).toBe(200)
        })

        test('a new password is set in the directory, and accounts are not made by hand', async () => {
          await configure()
          const ada = await newPerson()
          const { user_id: id } = (await current(ada)).body
          const change = await admin().call('PUT /users/{user_id}/password', {
            params: { user_id: id },
            body: { new_password: 'Changed12345' },
          })
          expect(change.status).toBe(403)
          const made = await admin().call('POST /users', {
            body: { username: 'new', password: 'Changed12345', email: 'new@example.org', realname: 'new' },
          })
          expect(made.status).toBe(403)
        })
      },
      { env: allowLocal },
    )
  })
