import { expect, test } from 'bun:test'
import { allPermissions, findRoleName, publicProjectPermissions, rolePermissions, roleIds } from './permissions.ts'

test('every role has as many permissions as in Harbor, but for the trash', () => {
  expect(
    Object.fromEntries(
      Object.entries(rolePermissions).map(([role, permissions]) => [
        role,
        [...permissions].filter((permission) => !/^(trash|quarantine|protected-tag|signature):/.test(permission))
          .length,
      ]),
    ),
  ).toEqual({
    projectAdmin: 75,
    maintainer: 53,
    developer: 36,
    guest: 20,
    limitedGuest: 14,
  })
  expect(publicProjectPermissions.size).toBe(12)
})

test('no role can do what a project admin cannot', () => {
  for (const permissions of [...Object.values(rolePermissions), publicProjectPermissions]) {
    expect(permissions.isSubsetOf(allPermissions)).toBe(true)
  }
})

test('roles keep the ids of Harbor', () => {
  expect(roleIds).toEqual({ projectAdmin: 1, developer: 2, guest: 3, maintainer: 4, limitedGuest: 5 })
  expect([1, 2, 3, 4, 5, 0, 6].map(findRoleName)).toEqual([
    'projectAdmin',
    'developer',
    'guest',
    'maintainer',
    'limitedGuest',
    undefined,
    undefined,
  ])
})
