import { expect, test } from 'bun:test'
import { additions, differences } from './contract-difference.ts'
import { readContract } from './contract-documents.ts'

type Document = Parameters<typeof readContract>[0]

const swagger = {
  definitions: {
    Robot: {
      type: 'object',
      properties: { id: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } },
    },
  },
  paths: {
    '/robots': {
      get: {
        tags: ['robot'],
        operationId: 'ListRobot',
        parameters: [{ name: 'page', in: 'query', type: 'integer' }],
        responses: { '200': { schema: { type: 'array', items: { $ref: '#/definitions/Robot' } } } },
      },
      delete: { tags: ['robot'], operationId: 'DeleteRobot', responses: { '200': {} } },
    },
  },
} as unknown as Document

const ours = (properties: object, extra: object = {}): Document =>
  ({
    paths: {
      '/robots': {
        get: {
          tags: ['robot'],
          operationId: 'ListRobot',
          parameters: [{ name: 'page', in: 'query', schema: { type: 'integer' } }],
          responses: {
            '200': {
              content: { 'application/json': { schema: { type: 'array', items: { type: 'object', properties } } } },
            },
          },
          ...extra,
        },
        delete: { tags: ['robot'], operationId: 'DeleteRobot', responses: { '200': {} } },
        post: { tags: ['robot'], operationId: 'New', responses: {} },
      },
    },
  }) as unknown as Document

const between = (document: Document) => differences(readContract(swagger), readContract(document))
const whole = { id: { type: 'integer' }, tags: { type: 'array', items: { type: 'string' } } }

test('the same said in both languages is no difference, and more fields are none either', () => {
  expect(between(ours({ ...whole, more: { type: 'string' } }))).toEqual([])
  expect(additions(readContract(swagger), readContract(ours(whole)))).toEqual(['POST /robots'])
})

test.each([
  [{ tags: whole.tags }, 'GET /robots: answer 200[].id is missing'],
  [{ ...whole, id: { type: 'string' } }, 'GET /robots: answer 200[].id is string, not integer'],
  [
    { ...whole, tags: { type: 'array', items: { type: 'integer' } } },
    'GET /robots: answer 200[].tags[] is integer, not string',
  ],
])('a field that is missing or of another type is found: %#', (properties, difference) => {
  expect(between(ours(properties))).toEqual([difference])
})

test.each([
  [{ parameters: [] }, ['GET /robots: parameter query page is missing']],
  [{ operationId: 'Robots' }, ['GET /robots: operationId is Robots, not ListRobot']],
  [{ tags: ['bot'] }, ['GET /robots: tag is bot, not robot']],
  [{ responses: { '200': {} } }, ['GET /robots: answer 200 has no body']],
  [{ responses: { '501': {} } }, []],
])('another parameter, name or answer is found, except where it is not built: %#', (extra, expected) => {
  expect(between(ours(whole, extra))).toEqual(expected)
})

test('an operation that is missing is found', () => {
  const document = { paths: { '/robots': { get: (ours(whole).paths['/robots'] ?? {})['get'] } } } as unknown as Document
  expect(between(document)).toEqual(['DELETE /robots: missing'])
})
