import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { runCommand } from '../harness/command.ts'
import { createUniqueImage } from '../harness/image.ts'
import { eventually } from '../harness/eventually.ts'
import { describeClient } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'
import { V2Client } from '../harness/v2-client.ts'

const timeoutMs = 120_000

/** What cosign 3 calls a new and an old form of its signatures. */
const forms = {
  'a bundle of Sigstore': ['--new-bundle-format=true'],
  'a tag, as before version 3': ['--new-bundle-format=false'],
} as const

// cosign takes minutes to build, so install-clients.sh leaves it out: go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
describeClient('cosign', ['cosign'], (scenario, transport) => {
  test(
    'what the registry signs with its own key, cosign verifies in both forms, and another key not',
    async () => {
      const { registry, programs } = scenario()
      await using folder = await createTemporaryFolder()
      const env = { DOCKER_CONFIG: folder.path, SSL_CERT_FILE: registry.authorityFile, COSIGN_PASSWORD: 'secret' }
      const insecure = transport === 'http' ? ['--allow-http-registry'] : []
      const cosign = (...args: string[]) => runCommand([programs.cosign, ...args], { env, cwd: folder.path })
      const repository = registry.newRepository()
      const image = createUniqueImage()
      const client = new V2Client(registry)
      await client.pushImage(repository, image, 'v1')
      await cosign('login', registry.host, '-u', registry.username, '-p', registry.password)
      await cosign('generate-key-pair')
      const [project, ...rest] = repository.split('/')
      const keys = `/api/v2.0/projects/${project}/signature-keys`
      const post = async (path: string, body: object) =>
        await client.request(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      const name = rest.join('.').slice(0, 60)
      expect((await post(keys, { name })).status).toBe(201)
      const listed = (await (await client.request(keys)).json()) as { id: number; name: string; public_key: string }[]
      const key = listed.find((each) => each.name === name)!
      await Bun.write(join(folder.path, 'release.pub'), key.public_key)
      const artifact = `/api/v2.0/projects/${project}/repositories/${encodeURIComponent(rest.join('/'))}/artifacts/v1`
      const signed = await post(`${artifact}/signatures`, { key_id: key.id, forms: ['cosign', 'cosign-tag'] })
      expect(signed.status).toBe(201)
      const target = `${registry.host}/${repository}@${image.descriptor.digest}`
      for (const flags of Object.values(forms)) {
        const verify = (file: string) =>
          cosign('verify', '--key', file, '--insecure-ignore-tlog', ...flags, ...insecure, target)
        await verify('release.pub')
        await expect(verify('cosign.pub')).rejects.toThrow()
      }
      await eventually(async () => {
        const answer = await client.request(`${artifact}/signature-verdict`)
        expect(((await answer.json()) as { cosign: { state: string } }).cosign.state).toBe('verified')
      })
    },
    timeoutMs,
  )

  for (const [form, flags] of Object.entries(forms)) {
    test(
      `${form}: what cosign signs and attests with a key is verified here`,
      async () => {
        const { registry, programs } = scenario()
        await using folder = await createTemporaryFolder()
        const env = {
          ...{ DOCKER_CONFIG: folder.path, SSL_CERT_FILE: registry.authorityFile, COSIGN_PASSWORD: 'secret' },
        }
        const insecure = transport === 'http' ? ['--allow-http-registry'] : []
        const cosign = (...args: string[]) => runCommand([programs.cosign, ...args], { env, cwd: folder.path })
        const repository = registry.newRepository()
        const image = createUniqueImage()
        const client = new V2Client(registry)
        await client.pushImage(repository, image, 'v1')
        await cosign('login', registry.host, '-u', registry.username, '-p', registry.password)
        await cosign('generate-key-pair')
        const name = `${registry.host}/${repository}@${image.descriptor.digest}`
        // Nothing leaves the machine: no log, no time stamp.
        const offline = ['--use-signing-config=false', '--tlog-upload=false', '--yes']
        await cosign('sign', '--key', 'cosign.key', ...offline, ...flags, ...insecure, name)
        await cosign('verify', '--key', 'cosign.pub', '--insecure-ignore-tlog', ...flags, ...insecure, name)

        await Bun.write(join(folder.path, 'predicate.json'), '{"made":"here"}')
        const stated = ['--predicate', 'predicate.json', '--type', 'https://example.com/made']
        await cosign('attest', '--key', 'cosign.key', ...stated, ...offline, ...flags, ...insecure, name)

        const [project, ...rest] = repository.split('/')
        const named = await client.request(`/api/v2.0/projects/${project}/signers`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            name: rest.join('.'),
            definition: { kind: 'key', public_key: await Bun.file(join(folder.path, 'cosign.pub')).text() },
          }),
        })
        expect(named.status).toBe(201)
        const artifact = `/projects/${project}/repositories/${encodeURIComponent(rest.join('/'))}/artifacts/v1`
        await eventually(async () => {
          const answer = await client.request(`/api/v2.0${artifact}/signature-verdict`)
          expect(((await answer.json()) as { cosign: { state: string } }).cosign.state).toBe('verified')
          const signatures = await client.request(`/api/v2.0${artifact}/signatures`)
          expect(await signatures.json()).toMatchObject(
            expect.arrayContaining([
              expect.objectContaining({ state: 'verified', predicate_type: 'https://example.com/made' }),
            ]),
          )
        })
      },
      timeoutMs,
    )
  }
})
