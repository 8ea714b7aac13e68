import { expect, test } from 'bun:test'
import { counted } from './counted.ts'

test.each([
  [0, '0 blobs', '0 entries'],
  [1, '1 blob', '1 entry'],
  [2, '2 blobs', '2 entries'],
])('%d of something is said as people say it', (count, blobs, entries) => {
  expect([counted(count, 'blob'), counted(count, 'entry', 'entries')]).toEqual([blobs, entries])
})
