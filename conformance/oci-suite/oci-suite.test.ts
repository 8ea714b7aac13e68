import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { startRegistry, transportsUnderTest } from '../harness/registry.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const timeoutMs = 600_000

/**
 * The suite of the OCI distribution specification (its module `conformance`). `disabled` are the APIs that a version
 * of the specification does not have: the suite itself leaves them out, and nothing else may be missing.
 */
const versions = [
  { version: '1.1', leastChecks: 800, disabled: ['Blob upload cancel', 'Manifest put with tag params'] },
  { version: 'dev', leastChecks: 900, disabled: [] },
] as const

// Manifests whose content was never pushed: the specification leaves it to the registry, and we refuse them.
const dataLeftOut = ['Sparse Manifests', 'Tag Param', 'Tag Param sha512']

const program = findClient('oci-conformance')
if (program === undefined) {
  skipLoudly('the OCI conformance suite', 'it has not been built (that needs Go 1.24 or newer)')
} else {
  for (const transport of transportsUnderTest()) {
    for (const { version, leastChecks, disabled } of versions) {
      describe(`the OCI conformance suite ${version} over ${transport}`, () => {
        test(
          'nothing fails and nothing is skipped',
          async () => {
            await using registry = await startRegistry({ transport })
            await using folder = await createTemporaryFolder()
            const { stdout, stderr } = await tryCommand([program], {
              cwd: folder.path,
              timeoutMs,
              env: {
                OCI_REGISTRY: registry.host,
                OCI_TLS: transport === 'https' ? 'enabled' : 'disabled',
                SSL_CERT_FILE: registry.authorityFile,
                OCI_REPO1: registry.newRepository(),
                OCI_REPO2: registry.newRepository(),
                OCI_USERNAME: registry.username,
                OCI_PASSWORD: registry.password,
                OCI_VERSION: version,
                OCI_RESULTS_DIR: folder.path,
              },
            })
            const report = Bun.file(join(folder.path, 'junit.xml'))
            if (!(await report.exists())) throw new Error(`the suite gave no report\n${stdout}\n${stderr}`)
            const checks = leavesOf(stdout)
            expect(checks.filter(({ status }) => status !== 'Pass' && status !== 'Disabled')).toEqual([])
            expect(notPassed(stdout).filter((name) => !dataLeftOut.includes(name))).toEqual([...disabled])
            expect(numberOf(await report.text(), 'failures')).toBe(0)
            expect(numberOf(await report.text(), 'errors')).toBe(0)
            expect(numberOf(await report.text(), 'tests')).toBeGreaterThan(leastChecks)
          },
          timeoutMs,
        )
      })
    }
  }
}

/** Each check that the suite prints, with the reason of its failure when it has one. */
function leavesOf(report: string): { name: string; status: string }[] {
  const lines = report.matchAll(
    /^ *(OCI Conformance Test\/.+): (Pass|FAIL|Skip|Error|Unknown|Disabled)\n(?: *- (.+)\n)?/gm,
  )
  return [...lines].map(([, name = '', status = '', reason]) => ({
    name,
    status,
    ...(reason === undefined ? {} : { reason }),
  }))
}

/** Names in the two tables at the end, of APIs and of data, behind which stands anything but Pass. */
function notPassed(report: string): string[] {
  const rows = report.matchAll(/^ {2}(\S[^.\n]*?)\.*: +(FAIL|Skip|Error|Unknown|Disabled)$/gm)
  return [...rows].map(([, name = '']) => name)
}

function numberOf(junit: string, attribute: string): number {
  const suite = /<testsuite [^>]*>/.exec(junit)?.[0] ?? ''
  return Number(new RegExp(`\\b${attribute}="(\\d+)"`).exec(suite)?.[1] ?? Number.NaN)
}
