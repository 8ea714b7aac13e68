import { expect, test } from 'bun:test'
import { definitionOf, emptyDraft, readObject, storesNamed } from './signer-draft.ts'

const policy = JSON.stringify({
  version: '1.0',
  trustPolicies: [{ trustStores: ['ca:one', 'tsa:time'] }, { trustStores: ['ca:one', 'ca:two'] }, {}],
})

test('the form asks once for each trust store that a policy names', () => {
  expect(storesNamed(policy)).toEqual(['ca:one', 'tsa:time', 'ca:two'])
  expect(['', '{', 'null', '[]', '{"trustPolicies":{}}', '{"trustPolicies":[null]}'].map(storesNamed)).toEqual(
    Array.from({ length: 6 }, () => []),
  )
})

test('only the fields of the kind that is chosen are sent', () => {
  const draft = { ...emptyDraft, name: 'ci', publicKey: 'PEM', subject: ' ci ', certificates: 'CERT' }
  expect(definitionOf(draft)).toEqual({ kind: 'key', public_key: 'PEM' })
  expect(definitionOf({ ...draft, kind: 'certificate' })).toEqual({
    ...{ kind: 'certificate', certificates: 'CERT', subject: 'ci' },
  })
  const notation: unknown = definitionOf({
    ...{ ...draft, kind: 'notation', trustPolicy: policy, trustStores: { 'ca:one': 'A' } },
  })
  expect(notation).toEqual({
    ...{ kind: 'notation', trust_policy: JSON.parse(policy) as object },
    trust_stores: { 'ca:one': 'A', 'tsa:time': '', 'ca:two': '' },
  })
})

test('what is no JSON object is told before it is sent', () => {
  expect(['{}', '[]', 'x', 'null'].map((text) => readObject(text) === undefined)).toEqual([false, true, true, true])
})
