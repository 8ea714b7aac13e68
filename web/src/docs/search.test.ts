import { expect, test } from 'bun:test'
import { searchIn } from './search.ts'

const sections = [
  { page: 'Storage', heading: 'Restore', address: '/docs/storage#restore', text: 'berth restore --from /mnt/backups' },
  { page: 'Operating', heading: 'Trash', address: '/docs/operating#trash', text: 'kept for `trash.window` (72 h)' },
  {
    page: '存储',
    heading: '巡检',
    address: '/docs/zh-CN/storage#巡检',
    text: '损坏的 blob 会被隔离，berth_storage_full',
  },
]

const addresses = (query: string, language = 'en') => searchIn(sections, language)(query).map(({ address }) => address)

test('the beginning of a word and a slip of the finger find a section', () => {
  expect(addresses('resto')).toEqual(['/docs/storage#restore'])
  expect(addresses('restroe')[0]).toBe('/docs/storage#restore')
})

test('the name of a setting or of a metric finds its section, whole and in part', () => {
  expect(addresses('trash.window')[0]).toBe('/docs/operating#trash')
  expect(addresses('berth_storage_full')[0]).toBe('/docs/zh-CN/storage#巡检')
})

test('a word of Chinese is found inside a sentence', () => {
  expect(addresses('隔离', 'zh-CN')).toEqual(['/docs/zh-CN/storage#巡检'])
})

test('words of which only one is anywhere find that one', () => {
  expect(addresses('restore zebra')).toEqual(['/docs/storage#restore'])
})
