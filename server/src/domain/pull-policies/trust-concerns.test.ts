import { expect, test } from 'bun:test'
import { generateKeyPairSync } from 'node:crypto'
import { describeEachDatabase } from '#server-test/databases.ts'
import { composeRegistryForTest, createProject, system } from '#server-test/registry-for-test.ts'
import { writeMetadata } from '../projects/project-metadata.ts'
import { TrustedSigners } from '../signatures/trusted-signers.ts'
import { findTrustConcerns } from './trust-concerns.ts'

const key = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' }).toString()

describeEachDatabase('projects that trust everybody', (open) => {
  test('are told of until somebody is named for them or for the registry', async () => {
    const { database, clock, events } = await composeRegistryForTest(await open())
    await createProject(database, 'other', clock)
    const projects = await database.read.selectFrom('project').select(['id', 'name']).orderBy('id').execute()
    const concerns = async () => await findTrustConcerns(database.read)
    expect(await concerns()).toEqual([])
    const trusting = { enable_content_trust: 'true', enable_content_trust_cosign: 'true' }
    for (const { id } of projects) await database.write((tx) => writeMetadata(tx, id, trusting))
    expect(await concerns()).toEqual([{ kind: 'signers-unnamed', severity: 'warning', count: projects.length }])

    const signers = new TrustedSigners({ database, clock, events })
    const named = { name: 'release', definition: { kind: 'key', public_key: key() } } as const
    const ofProject = await signers.createSigner(system, projects[0]!.id, named)
    expect(await concerns()).toMatchObject([{ count: projects.length - 1 }])
    await signers.deleteSigner(system, projects[0]!.id, ofProject)
    await signers.createSigner(system, undefined, named)
    expect(await concerns()).toEqual([])
  })
})
