import { expect, test } from 'bun:test'
import { binarySizeOf } from './binary-size.ts'

test.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1.00 KiB'],
  [1_535, '1.49 KiB'],
  [9_101_639, '8.67 MiB'],
  [1024 ** 3, '1.00 GiB'],
  [5 * 1024 ** 4, '5.00 TiB'],
  [2_000 * 1024 ** 4, '2000.00 TiB'],
])('%d bytes are %s', (bytes, text) => expect(binarySizeOf(bytes)).toBe(text))
