import { expect, test } from 'bun:test'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeBolt } from '#server/domain/scanning/data/write-bolt-for-test.ts'
import { runCommand, tryCommand } from '../../../../conformance/harness/command.ts'
import { describeClient } from '../../../../conformance/harness/real-client.ts'
import { createTemporaryFolder } from '../../../../conformance/harness/temporary-folder.ts'

const timeoutMs = 120_000
const json = (value: unknown) => Buffer.from(JSON.stringify(value))

const advisories = {
  'npm::GitHub Security Advisory Npm': {
    lodash: { 'CVE-2019-10744': json({ VulnerableVersions: ['< 4.17.12'], PatchedVersions: ['4.17.12'] }) },
  },
  'data-source': { 'npm::GitHub Security Advisory Npm': json({ ID: 'ghsa', Name: 'GHSA', URL: '' }) },
  vulnerability: { 'CVE-2019-10744': json({ Title: 'Prototype pollution', Severity: 'CRITICAL' }) },
}

const lockFile = {
  name: 'app',
  version: '1.0.0',
  lockfileVersion: 2,
  requires: true,
  packages: { '': { name: 'app', version: '1.0.0' }, 'node_modules/lodash': { version: '4.17.4' } },
  dependencies: { lodash: { version: '4.17.4' } },
}

/** In a building without internet, Trivy takes its database from the registry. */
describeClient('trivy', ['trivy', 'tar'], (scenario, transport) => {
  test(
    'takes its vulnerability data from a repository that berth db push, or oras, has filled, and finds by it',
    async () => {
      const { registry, programs } = scenario()
      await using folder = await createTemporaryFolder()
      const place = join(folder.path, 'db')
      await mkdir(place)
      const updated = new Date().toISOString()
      const next = new Date(Date.now() + 24 * 60 * 60_000).toISOString()
      writeBolt(join(place, 'trivy.db'), advisories)
      await writeFile(
        join(place, 'metadata.json'),
        JSON.stringify({ Version: 2, UpdatedAt: updated, NextUpdate: next, DownloadedAt: updated }),
      )
      await runCommand([programs.tar, '-czf', join(folder.path, 'db.tar.gz'), '-C', place, 'trivy.db', 'metadata.json'])
      const repository = `${registry.host}/${registry.newRepository()}`
      const trust = registry.authorityFile === undefined ? [] : ['--ca', registry.authorityFile]
      await runCommand(
        [
          process.execPath,
          'cli/src/main.ts',
          'db',
          'push',
          join(folder.path, 'db.tar.gz'),
          `${transport}://${repository}:2`,
          ...trust,
        ],
        {
          env: { BERTH_USERNAME: registry.username, BERTH_PASSWORD: registry.password, HOME: folder.path },
        },
      )
      await writeFile(join(folder.path, 'package-lock.json'), JSON.stringify(lockFile))
      const found = await tryCommand(
        [programs.trivy, 'fs', '--quiet', '--cache-dir', join(folder.path, 'cache'), '--db-repository', repository]
          .concat(['--scanners', 'vuln', '--skip-java-db-update', '--offline-scan', '--format', 'json', '--insecure'])
          .concat([join(folder.path, 'package-lock.json')]),
        {
          env: {
            TRIVY_USERNAME: registry.username,
            TRIVY_PASSWORD: registry.password,
            HOME: folder.path,
            ...(registry.authorityFile === undefined ? {} : { SSL_CERT_FILE: registry.authorityFile }),
          },
        },
      )
      expect({ ...found, stdout: '' }).toMatchObject({ code: 0 })
      expect(found.stdout).toContain('CVE-2019-10744')
    },
    timeoutMs,
  )
})
