import { expect, test } from 'bun:test'
import { describeEachDatabase } from '#server-test/databases.ts'
import {
  composePolicyScene,
  image,
  layer,
  refusalOf,
  type FoundForTest,
  type PushedForTest,
} from '#server-test/policy-scene.ts'
import { system } from '#server-test/registry-for-test.ts'
import type { Database } from '../../database/database.ts'
import { setPreparedRunner } from '../../database/prepared.ts'
import type { Actor } from '../access/actor.ts'
import { noRights } from '../access/robots/robot-rights.ts'
import type { ProjectMetadata } from '../projects/project-metadata.ts'
import { PullPolicies } from './pull-policies.ts'

type Scene = Awaited<ReturnType<typeof composePolicyScene>>

const critical: FoundForTest = { id: 'CVE-2026-1', severity: 'Critical' }
const low: FoundForTest = { id: 'CVE-2026-2', severity: 'Low' }
const policy = (word: string) =>
  `due to configured policy in 'Prevent images with vulnerability severity of "${word}" or higher from running.' To continue with pull, please contact your project administrator`
const unscanned = `current image without vulnerability scanning cannot be pulled ${policy('High')} for help.`
const vulnerable = (count: string, word = 'High') =>
  `current image with ${count} cannot be pulled ${policy(word)} to exempt matched vulnerabilities through configuring the CVE allowlist.`
const own: ProjectMetadata = { reuse_sys_cve_allowlist: 'false' }

const signature = ['application/vnd.dev.cosign.simplesigning.v1+json']
const inToto = 'application/vnd.in-toto+json'
const helm = 'application/vnd.cncf.helm.config.v1+json'

interface Case {
  readonly push?: (scene: Scene) => Promise<PushedForTest>
  readonly found?: readonly FoundForTest[]
  readonly settings?: ProjectMetadata
  readonly allow?: readonly [ids: readonly string[], expiresInMs?: number]
  readonly answer: string
}

const artifacts: Readonly<Record<string, Case>> = {
  'a clean image': { found: [], answer: 'done' },
  'an unscanned image': { answer: unscanned },
  'an image with something less severe': { found: [low], answer: 'done' },
  'an image with something as severe': { found: [critical, low], answer: vulnerable('2 vulnerabilities') },
  'one finding, in the singular': { found: [critical], answer: vulnerable('1 vulnerability') },
  'a severity of none refuses whatever was found': {
    found: [{ id: 'CVE-2026-3', severity: 'Unknown' }],
    settings: { severity: 'none' },
    answer: vulnerable('1 vulnerability', 'None'),
  },
  allowlisted: { found: [critical], settings: own, allow: [['CVE-2026-1']], answer: 'done' },
  'allowlisted until later': { found: [critical], settings: own, allow: [['CVE-2026-1'], 1_000], answer: 'done' },
  'allowlist expired': {
    found: [critical],
    settings: own,
    allow: [['CVE-2026-1'], 0],
    answer: vulnerable('1 vulnerability'),
  },
  'allowlisted by the project, which uses the list of the registry': {
    found: [critical],
    allow: [['CVE-2026-1']],
    answer: vulnerable('1 vulnerability'),
  },
  'an id in another case is another id': {
    found: [critical],
    settings: own,
    allow: [['cve-2026-1']],
    answer: vulnerable('1 vulnerability'),
  },
  'a signature': { push: ({ pushOf }) => pushOf('it', signature), answer: 'done' },
  'an image that calls itself a signature': {
    push: ({ pushOf }) => pushOf('it', [...signature, layer]),
    answer: unscanned,
  },
  'an image that calls itself something else': {
    push: ({ pushOf }) => pushOf('it', [layer], image, { artifactType: 'text/plain' }),
    answer: unscanned,
  },
  'an attestation of a builder': { push: ({ pushOf }) => pushOf('it', [inToto]), answer: 'done' },
  'an attestation of cosign': {
    push: ({ pushOf }) => pushOf('it', ['application/vnd.dsse.envelope.v1+json']),
    answer: 'done',
  },
  'an image with the config of a chart': { push: ({ pushOf }) => pushOf('it', [layer], helm), answer: unscanned },
  'an image with a config of docker': {
    push: ({ pushOf }) => pushOf('it', ['application/vnd.docker.image.rootfs.diff.tar.gzip'], 'application/x'),
    answer: unscanned,
  },
  'an image in capitals': {
    push: ({ pushOf }) => pushOf('it', ['application/VND.oci.image.Layer.v1.tar'], 'application/x'),
    answer: unscanned,
  },
  'one layer of an image among others': {
    push: ({ pushOf }) => pushOf('it', ['application/vnd.acme.rules', layer], 'application/x'),
    answer: unscanned,
  },
  'what only says that it is bytes': {
    push: ({ pushOf }) => pushOf('it', ['application/octet-stream'], 'application/vnd.acme.config'),
    answer: unscanned,
  },
  'a chart': {
    push: ({ pushOf }) => pushOf('it', ['application/vnd.cncf.helm.chart.content.v1.tar+gzip'], helm),
    answer: 'done',
  },
  'a WebAssembly module': {
    push: ({ pushOf }) => pushOf('it', ['application/wasm'], 'application/vnd.wasm.config.v0+json'),
    answer: 'done',
  },
  'a model': {
    push: ({ pushOf }) =>
      pushOf('it', ['application/vnd.docker.ai.gguf.v3'], 'application/vnd.docker.ai.model.config.v0.1+json'),
    answer: 'done',
  },
  'files of oras, whose config names no layers': {
    push: ({ pushEmptyConfig }) => pushEmptyConfig('it', [layer]),
    answer: 'done',
  },
}

/** `it` as the case says, with the policy on. */
async function arrange(scene: Scene, { push, found, settings, allow }: Case): Promise<PushedForTest> {
  const it = await (push?.(scene) ?? scene.pushOf('it'))
  if (found !== undefined) await scene.report(it, found)
  await scene.set({ prevent_vul: 'true', severity: 'high', ...settings })
  if (allow !== undefined) {
    const [ids, endsIn] = allow
    await scene.allow(ids, endsIn === undefined ? undefined : scene.clock.now() + endsIn)
  }
  return it
}

describeEachDatabase('prevent_vul', (open) => {
  test.each(Object.entries(artifacts))('%s, at every door', async (_, each) => {
    const scene = await composePolicyScene(open)
    const { digest } = await arrange(scene, each)
    for (const [door, leave] of Object.entries(scene.doors)) {
      expect([door, await refusalOf(leave('it', digest))]).toEqual([door, each.answer])
      expect([door, await refusalOf(leave('it', digest))]).toEqual([door, each.answer])
    }
  })

  test('an index is held back while one of its images has no report, and each image is judged by itself', async () => {
    const scene = await composePolicyScene(open)
    const [clean, bad] = [await scene.pushOf('clean'), await scene.pushOf('bad')]
    const attestation = await scene.pushOf('attestation', [inToto])
    const index = await scene.pushIndex([clean, bad, attestation])
    const pull = async ({ digest }: PushedForTest) => await refusalOf(scene.read('pull', { kind: 'digest', digest }))
    await scene.set({ prevent_vul: 'true', severity: 'high' })
    await scene.report(clean)
    expect(await pull(index)).toBe(unscanned)
    await scene.report(bad, [critical])
    expect(await pull(index)).toBe('done')
    expect(await pull(clean)).toBe('done')
    expect(await pull(bad)).toBe(vulnerable('1 vulnerability'))
    // A copy of the index takes its images along.
    expect(await refusalOf(scene.doors['a copy to another project']!('index', index.digest))).toBe(
      vulnerable('1 vulnerability'),
    )
  })

  test('an image in an index that calls itself an attestation is judged when it is pulled', async () => {
    const scene = await composePolicyScene(open)
    const hidden = await scene.pushOf('hidden')
    const index = await scene.pushIndex([hidden], [{ 'vnd.docker.reference.type': 'attestation-manifest' }])
    await scene.set({ prevent_vul: 'true', severity: 'high' })
    expect(await refusalOf(scene.read('pull', { kind: 'digest', digest: index.digest }))).toBe('done')
    expect(await refusalOf(scene.read('pull', { kind: 'digest', digest: hidden.digest }))).toBe(unscanned)
  })

  test('what has not passed is looked at all the same, and scanned', async () => {
    const scene = await composePolicyScene(open)
    const { digest } = await arrange(scene, { answer: unscanned })
    const read = scene.read('read-artifact', { kind: 'digest', digest })
    expect(await refusalOf(read)).toBe('done')
  })

  test('an administrator is refused like everybody; a robot with scanner-pull for the project is not', async () => {
    const scene = await composePolicyScene(open)
    const { digest } = await arrange(scene, { answer: unscanned })
    const robotWith = (permissions: readonly string[], projectId = scene.projectId): Actor => ({
      ...{ kind: 'robot', id: 1, username: 'robot$scanner' },
      rights: { ...noRights, projects: new Map([[projectId, new Set(permissions)]]) },
    })
    const pullAs = async (actor: Actor) => await refusalOf(scene.read('pull', { kind: 'digest', digest }, actor))
    const admin: Actor = { kind: 'user', id: 1, username: 'admin', admin: true }
    const rights = ['repository:pull', 'repository:push', 'repository:scanner-pull']
    expect(await pullAs(admin)).toBe(unscanned)
    expect(await pullAs(robotWith(['repository:pull', 'repository:push']))).toBe(unscanned)
    expect(await pullAs(robotWith(rights, scene.projectId + 1))).toBe(unscanned)
    expect(await pullAs(robotWith(rights))).toBe('done')
  })

  test('a verdict ends with the allowlist that it rests on, though nothing was written', async () => {
    const scene = await composePolicyScene(open)
    const { digest } = await arrange(scene, {
      found: [critical],
      settings: own,
      allow: [['CVE-2026-1'], 1_000],
      answer: 'done',
    })
    const pull = async () => await refusalOf(scene.read('pull', { kind: 'digest', digest }))
    expect(await pull()).toBe('done')
    scene.clock.advance(999)
    expect(await pull()).toBe('done')
    scene.clock.advance(1)
    expect(await pull()).toBe(vulnerable('1 vulnerability'))
  })

  test('a policy that is set while something is pulled holds for the next manifest', async () => {
    const scene = await composePolicyScene(open)
    const [first, second] = [await scene.pushOf('first'), await scene.pushOf('second')]
    const admission = await scene.admit(system, 'pull', 'library/app' as never)
    const pull = async ({ digest }: PushedForTest) =>
      await refusalOf(scene.manifests.getManifest(admission, { kind: 'digest', digest }))
    expect([await pull(first), await pull(second)]).toEqual(['done', 'done'])
    await scene.set({ prevent_vul: 'true', severity: 'high' })
    expect([await pull(first), await pull(second)]).toEqual([unscanned, unscanned])
    await scene.set({ prevent_vul: 'false' })
    expect(await pull(first)).toBe('done')
  })

  test('the report of another scanner than the project’s own counts for nothing', async () => {
    const scene = await composePolicyScene(open)
    const { digest } = await arrange(scene, { found: [], answer: 'done' })
    await scene.database.write(async (tx) => {
      await tx.updateTable('scanner').set({ is_default: 0 }).execute()
    })
    expect(await refusalOf(scene.read('pull', { kind: 'digest', digest }))).toBe(unscanned)
  })

  test('refuses when its data cannot be read', async () => {
    const scene = await composePolicyScene(open)
    await arrange(scene, { found: [], answer: 'done' })
    const { dialect, read: whole } = scene.database
    const fail = async (): Promise<never> => {
      throw new Error('the database is away')
    }
    const read = whole.withoutPlugins()
    setPreparedRunner(read, { dialect, rows: fail, firstRow: fail, run: fail })
    const broken = { dialect, read, epoch: () => undefined } as unknown as Database
    const judge = new PullPolicies({ database: broken, clock: scene.clock })
    const manifest = await scene.read('read-artifact', { kind: 'tag', tag: 'it' as never })
    const admission = await scene.admit(system, 'pull', 'library/app' as never)
    await expect(judge.assertMayLeave(admission, manifest)).rejects.toThrow('the database is away')
  })
})
