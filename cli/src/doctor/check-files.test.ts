import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '#server/config/load-config.ts'
import { findRepairs, judgeFiles } from './check-files.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-files-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const modeOf = (file: string) => statSync(file).mode & 0o777
const look = async (data: string, file: string, fix: boolean) => {
  const { config } = loadConfig({ env: {}, flags: { data_folder: data } })
  return await judgeFiles(await findRepairs(config, file, Date.now()), fix)
}

test('what is safe to mend is told, mended when asked for, and then gone', async () => {
  const data = join(folder, 'data')
  mkdirSync(data)
  const file = join(folder, 'berth.yml')
  writeFileSync(file, 'a: secret')
  chmodSync(file, 0o644)
  const left = join(data, '.berth-doctor-folder-1')
  const fresh = join(data, '.berth-doctor-2')
  const other = join(data, 'notes')
  mkdirSync(left)
  writeFileSync(fresh, '')
  writeFileSync(other, '')
  for (const each of [left, other]) utimesSync(each, 1, 1)
  const told = await look(data, file, false)
  expect(told.filter(({ status }) => status === 'warning').map(({ subject }) => subject)).toEqual([
    `secrets in ${file}`,
    `left over in ${data}`,
  ])
  expect([modeOf(file), existsSync(left)]).toEqual([0o644, true])
  const mended = await look(data, file, true)
  expect(mended.every(({ status, summary }) => status === 'good' && summary.startsWith('mended: '))).toBe(true)
  expect([modeOf(file), existsSync(left), existsSync(fresh), existsSync(other)]).toEqual([0o640, false, true, true])
  expect((await look(data, file, false)).map(({ subject }) => subject)).toEqual(['files'])
})

test('what cannot be mended stays a finding, with the reason', async () => {
  const finding = { subject: 'a', status: 'warning', summary: 'is wrong' } as const
  const mend = () => Promise.reject(new Error('EPERM'))
  expect(await judgeFiles([{ finding, mend }], true)).toEqual([
    { ...finding, summary: 'is wrong; could not be mended: EPERM' },
  ])
})
