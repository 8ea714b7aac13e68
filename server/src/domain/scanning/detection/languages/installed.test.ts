import { describe, expect, test } from 'bun:test'
import { inventoryForTest, packagesOfFile } from '../image-for-test.ts'

describe('installed packages of npm', () => {
  test('are the roots of their folders', async () => {
    const content = '\ufeff{"name":"rxjs","version":"7.8.0","name":"rxjs"}'
    expect(await packagesOfFile('app/node_modules/rxjs/package.json', content)).toEqual(['npm rxjs 7.8.0'])
    expect(await packagesOfFile('app/node_modules/@a/b/package.json', '{"name":"@a/b","version":"1.0.0"}')).toEqual([
      'npm @a/b 1.0.0',
    ])
    expect(
      await packagesOfFile('app/node_modules/.pnpm/a@1/node_modules/a/package.json', '{"name":"a","version":"1.0.0"}'),
    ).toEqual(['npm a 1.0.0'])
    expect(await packagesOfFile('app/node_modules/rxjs/ajax/package.json', content)).toEqual([])
    expect(await packagesOfFile('app/node_modules/@a/package.json', content)).toEqual([])
  })

  test('have a name and a version', async () => {
    expect(await packagesOfFile('app/package.json', '{"private": true}')).toEqual([])
    expect(await packagesOfFile('app/package.json', '{"name": {"x": 1}, "version": ["1"]}')).toEqual([])
    expect(await packagesOfFile('app/package.json', '[]')).toEqual([])
  })

  test('say their licence in three ways', async () => {
    const of = async (fields: object) => {
      const content = JSON.stringify({ name: 'a', version: '1', ...fields })
      return (await inventoryForTest([{ path: 'a/package.json', content }])).packages[0]!.licences
    }
    expect(await of({ license: '(MIT OR Apache-2.0)' })).toEqual(['(MIT OR Apache-2.0)'])
    expect(await of({ license: { type: 'BSD' } })).toEqual(['BSD'])
    expect(await of({ licenses: [{ type: 'MIT' }, 'ISC', 7] })).toEqual(['MIT', 'ISC'])
  })

  test('count in images and not in source trees', async () => {
    expect(await packagesOfFile('node_modules/a/package.json', '{"name":"a","version":"1.0.0"}', 'folder')).toEqual([])
  })
})

describe('installed packages of Python', () => {
  const metadata =
    'Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\nLicense: Apache 2.0\nClassifier: License :: OSI Approved :: Apache Software License\n\nName: not this\n'

  test('are told by their metadata, in each of its places', async () => {
    for (const path of [
      'usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA',
      'usr/lib/python3/dist-packages/requests-2.31.0.egg-info/PKG-INFO',
      'usr/lib/python3/dist-packages/requests-2.31.0.egg-info',
      'usr/lib/python3/dist-packages/requests.egg/EGG-INFO/PKG-INFO',
    ]) {
      expect(await packagesOfFile(path, metadata)).toEqual(['pypi requests 2.31.0'])
    }
  })

  test('say their licence by an expression, by classifiers, or by a line', async () => {
    const of = async (content: string) =>
      (await inventoryForTest([{ path: 'a.dist-info/METADATA', content }])).packages[0]!.licences
    expect(await of(metadata)).toEqual(['Apache Software License'])
    expect(await of('Name: a\nVersion: 1\nLicense: MIT\n')).toEqual(['MIT'])
    expect(await of('Name: a\nVersion: 1\nLicense: MIT\nLicense-Expression: MIT OR BSD-3-Clause\n')).toEqual([
      'MIT OR BSD-3-Clause',
    ])
  })
})
