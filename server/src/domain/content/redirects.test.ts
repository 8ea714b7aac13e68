import { describe, expect, test } from 'bun:test'
import { composeRedirectPolicy, type RedirectOptions } from './redirects.ts'

const policy = (given: Partial<RedirectOptions>) => {
  const decide = composeRedirectPolicy({ enabled: true, fromBytes: 1_000, networks: [], streamNetworks: [], ...given })
  return (size: number, ofProject?: string, clientAddress: string | undefined = '192.0.2.1') =>
    decide({ size, ofProject, clientAddress })
}

describe('a pull is redirected to the object storage', () => {
  test('from a size on', () => {
    const redirects = policy({})
    expect([redirects(999), redirects(1_000)]).toEqual([false, true])
  })

  test('never where it is off, unless the project says so', () => {
    const redirects = policy({ enabled: false })
    expect([redirects(5_000), redirects(5_000, 'on'), redirects(999, 'on'), redirects(999, '500')]).toEqual([
      false,
      true,
      false,
      true,
    ])
  })

  test('never where the project says off', () => {
    expect(policy({})(5_000, 'off')).toBe(false)
  })

  test('from the size on that its project says', () => {
    const redirects = policy({})
    expect([redirects(1_999, '2000'), redirects(2_000, '2000'), redirects(0, '0')]).toEqual([false, true, true])
  })

  test('not for a word that nobody knows', () => {
    expect(policy({})(5_000, 'sometimes')).toBe(false)
  })

  test('only for clients of the networks that are named', () => {
    const redirects = policy({ networks: ['10.0.0.0/8', 'fd00::/8'] })
    const from = (address: string) => redirects(5_000, 'on', address)
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd00::1', '192.0.2.1', 'nonsense'].map(from)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })

  test('never for clients that cannot reach it, whatever their project says', () => {
    const redirects = policy({ networks: ['10.0.0.0/8'], streamNetworks: ['10.9.0.0/16'] })
    expect([redirects(5_000, '0', '10.1.0.1'), redirects(5_000, '0', '10.9.0.1')]).toEqual([true, false])
  })

  test('not when nobody knows where the client is and networks are named', () => {
    const decide = composeRedirectPolicy({ enabled: true, fromBytes: 0, networks: [], streamNetworks: ['10.0.0.0/8'] })
    expect(decide({ size: 1, ofProject: undefined, clientAddress: undefined })).toBe(false)
  })
})
