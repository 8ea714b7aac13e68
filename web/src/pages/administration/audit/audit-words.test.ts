import { expect, test } from 'bun:test'
import { messages as english } from '../../../i18n/en/index.ts'
import { actionWords } from './audit-words.ts'

test('an action is a verb and a noun', () => {
  expect(actionWords('delete', 'user_group')).toEqual({ operation: 'delete', resource: 'user_group' })
})

test('an action that its verb and noun do not say has a sentence of its own', () => {
  expect(actionWords('create', 'artifact')).toEqual({ event: 'create_artifact' })
  expect(english.audit.events.create_artifact).toBe('Push artifact')
})

test('what a later version does is said in the words of the API', () => {
  expect(actionWords('scan', 'artifact')).toEqual({ raw: 'scan artifact' })
  expect(actionWords('create', 'webhook_policy')).toEqual({ raw: 'create webhook policy' })
})
