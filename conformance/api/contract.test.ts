import { expect, test } from 'bun:test'
import { skipLoudly } from '../harness/real-client.ts'
import { describeScenario } from '../harness/scenario.ts'
import { allowedDifferences } from './contract-allowed.ts'
import { additions, differences } from './contract-difference.ts'
import { findHarborContract, readContract } from './contract-documents.ts'

const harbor = findHarborContract()

if (harbor === undefined) {
  skipLoudly("Harbor's contract", 'BERTH_HARBOR_SWAGGER does not say where it is')
} else {
  describeScenario('the contract', (registry) => {
    const fetchOurs = async () => {
      const answer = await fetch(`${registry().url}/api/v2.0/openapi.json`)
      expect(answer.status).toBe(200)
      return readContract((await answer.json()) as Parameters<typeof readContract>[0])
    }

    test("differs from Harbor's in nothing but what is allowed for a reason", async () => {
      const ours = await fetchOurs()
      const found = differences(harbor, ours)
      const isAllowed = (line: string) => allowedDifferences.some(({ difference }) => difference.test(line))
      const surprising = found.filter((line) => !isAllowed(line))
      const notBuilt = [...ours.operations].filter(([, operation]) => operation.notBuilt)
      console.info(
        [
          `contract: ${harbor.operations.size} operations of Harbor, ${notBuilt.length} of them answer 501`,
          `contract: ours beside them: ${additions(harbor, ours).join(', ')}`,
          ...found.map((line) => `contract: ${isAllowed(line) ? 'allowed' : 'WRONG  '} ${line}`),
        ].join('\n'),
      )
      expect(surprising).toEqual([])
    })

    test('every allowed difference is still there', async () => {
      const found = differences(harbor, await fetchOurs())
      const gone = allowedDifferences.filter(({ difference }) => !found.some((line) => difference.test(line)))
      expect(gone.map(({ difference }) => String(difference))).toEqual([])
    })
  })
}
