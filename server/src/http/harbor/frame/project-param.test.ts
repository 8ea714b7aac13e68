import { expect, test } from 'bun:test'
import { z } from 'zod'
import { harborRoutes } from '../routes.ts'
import { withoutProject } from './project-param.ts'

test('no handler sees the text that names the project: it has the project that was found', () => {
  const params = { project_name: '7', project_name_or_id: '7', repository_name: 'app' }
  expect(withoutProject(params)).toEqual({ repository_name: 'app' })
  const asking = harborRoutes.filter(({ params: schema }) => {
    const fields = schema instanceof z.ZodObject ? Object.keys(schema.shape as object) : []
    return fields.some((field) => field.startsWith('project_name'))
  })
  expect(asking.map(({ operationId }) => operationId)).toEqual([])
})

test('a route below a project asks for a permission in it, or says which rule of its own it has', () => {
  const below = harborRoutes.filter(({ path }) => /^\/projects\/\{project_name(_or_id)?\}/.test(path))
  expect(below.length).toBeGreaterThan(40)
  const elsewhere = below.filter(({ access, answers }) => access.kind !== 'project' && !(501 in answers))
  expect(elsewhere.map(({ operationId }) => operationId)).toEqual([])
})
