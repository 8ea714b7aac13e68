import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { analysers } from '../analysers.ts'
import { inventoryForTest, packagesOfFile, readLayerForTest } from '../image-for-test.ts'
import { mergeLayers } from '../merge-layers.ts'

/** A file, what it says, and what is for development of it. */
const cases: readonly [path: string, content: string, expected: readonly string[]][] = [
  [
    'package-lock.json',
    JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { name: 'app', version: '1.0.0' },
        'node_modules/a': { version: '1.0.0', license: 'MIT' },
        'node_modules/a/node_modules/@s/b': { version: '2.0.0', dev: true },
        'node_modules/alias': { name: 'real', version: '3.0.0' },
        'packages/w': { version: '1.0.0' },
        'node_modules/w': { resolved: 'packages/w', link: true },
      },
    }),
    ['npm @s/b 2.0.0 dev', 'npm a 1.0.0', 'npm real 3.0.0'],
  ],
  [
    'package-lock.json',
    JSON.stringify({
      lockfileVersion: 1,
      dependencies: {
        a: { version: '1.0.0', dependencies: { b: { version: '2.0.0', dev: true } } },
        c: { version: 'git+ssh://x' },
        d: { version: 'npm:e@4.0.0' },
      },
    }),
    ['npm a 1.0.0', 'npm b 2.0.0 dev', 'npm e 4.0.0'],
  ],
  [
    'yarn.lock',
    '# yarn lockfile v1\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.1.0"\n  dependencies:\n    b "^2"\n\nb@^2:\n  version "2.0.0"\n\n"c@npm:d@^3":\n  version "3.0.0"\n\n"l@link:../l":\n  version "0.0.0"\n',
    ['npm @s/a 1.1.0', 'npm b 2.0.0', 'npm d 3.0.0'],
  ],
  [
    'yarn.lock',
    '__metadata:\n  version: 6\n\n"@s/a@npm:^1.0.0":\n  version: 1.1.0\n  resolution: "@s/a@npm:1.1.0"\n\n"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n',
    ['npm @s/a 1.1.0'],
  ],
  [
    'pnpm-lock.yaml',
    'lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0:\n    dev: false\n  /b/2.0.0_a@1.0.0:\n    dev: true\n',
    ['npm @s/a 1.0.0', 'npm b 2.0.0 dev'],
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '6.0'\npackages:\n  /@s/a@1.0.0(b@2.0.0):\n    dev: false\n",
    ['npm @s/a 1.0.0'],
  ],
  [
    'pnpm-lock.yaml',
    "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a: {specifier: ^1, version: 1.0.0(b@2.0.0)}\n    devDependencies:\n      d: {specifier: ^1, version: 4.0.0}\npackages:\n  a@1.0.0: {}\n  b@2.0.0: {}\n  d@4.0.0: {}\nsnapshots:\n  a@1.0.0(b@2.0.0):\n    dependencies:\n      b: 2.0.0\n  b@2.0.0: {}\n  d@4.0.0: {}\n",
    ['npm a 1.0.0', 'npm b 2.0.0', 'npm d 4.0.0 dev'],
  ],
  [
    'bun.lock',
    '{\n  // a comment\n  "workspaces": {"": {"dependencies": {"a": "^1"}, "devDependencies": {"d": "^1"}}},\n  "packages": {\n    "a": ["a@1.0.0", "", {"dependencies": {"b": "^2"}}, "sha512-x//,"],\n    "b": ["b@2.0.0", "", {}, "x"],\n    "d": ["d@3.0.0", "", {}, "x"],\n  },\n}',
    ['npm a 1.0.0', 'npm b 2.0.0', 'npm d 3.0.0 dev'],
  ],
  [
    'requirements.txt',
    '# all\nDjango==4.2.1 \\\n    --hash=sha256:abc\nflask[async] == 2.0 ; python_version > "3"\nrange>=1.0\nany==1.*\n-r other.txt\n',
    ['pypi Django 4.2.1', 'pypi flask 2.0'],
  ],
  [
    'Pipfile.lock',
    '{"default": {"a": {"version": "==1.0"}}, "develop": {"b": {"version": "==2.0"}}}',
    ['pypi a 1.0', 'pypi b 2.0 dev'],
  ],
  [
    'poetry.lock',
    '[[package]]\nname = "a"\nversion = "1.0"\n\n[[package]]\nname = "b"\nversion = "2.0"\ngroups = ["dev"]\n',
    ['pypi a 1.0', 'pypi b 2.0 dev'],
  ],
  [
    'uv.lock',
    '[[package]]\nname = "app"\nversion = "0.1"\nsource = { virtual = "." }\ndependencies = [{ name = "a" }]\n[[package]]\nname = "a"\nversion = "1.0"\n[[package]]\nname = "b"\nversion = "2.0"\n',
    ['pypi a 1.0', 'pypi app 0.1', 'pypi b 2.0 dev'],
  ],
  ['pylock.toml', '[[packages]]\nname = "a"\nversion = "1.0"\n', ['pypi a 1.0']],
  [
    'go.mod',
    'module example.com/app\n\ngo 1.21\n\nrequire (\n\tgithub.com/a/b v1.0.0\n\tgithub.com/c/d v2.0.0 // indirect\n\tgithub.com/e/f v1.0.0\n)\nrequire github.com/g/h v1.1.0\nreplace github.com/e/f => github.com/x/y v3.0.0\nreplace github.com/g/h v1.1.0 => ../h\n',
    ['golang github.com/a/b v1.0.0', 'golang github.com/c/d v2.0.0', 'golang github.com/x/y v3.0.0'],
  ],
  [
    'pom.xml',
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><project xmlns="x"><!-- a --><groupId>g</groupId><artifactId>app</artifactId><version>1</version><properties><v>2.0</v></properties><dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>m</artifactId><version>[3.0]</version></dependency></dependencies></dependencyManagement><dependencies><dependency><groupId>${project.groupId}</groupId><artifactId>a</artifactId><version>${v}</version></dependency><dependency><groupId>g</groupId><artifactId>m</artifactId></dependency><dependency><groupId>g</groupId><artifactId>t</artifactId><version>4</version><scope>test</scope></dependency><dependency><groupId>g</groupId><artifactId>u</artifactId><version>${unknown}</version></dependency></dependencies></project>',
    ['maven g:a 2.0', 'maven g:app 1', 'maven g:m 3.0', 'maven g:t 4 dev'],
  ],
  [
    'gradle.lockfile',
    '# comment\na:b:1.0=compileClasspath,runtimeClasspath\nc:d:2.0=testCompileClasspath\nempty=\n',
    ['maven a:b 1.0', 'maven c:d 2.0 dev'],
  ],
  [
    'build.sbt.lock',
    '{"dependencies": [{"org": "a", "name": "b", "version": "1", "configurations": ["compile"]}, {"org": "a", "name": "c", "version": "2", "configurations": ["test"]}]}',
    ['maven a:b 1', 'maven a:c 2 dev'],
  ],
  ['Cargo.lock', 'version = 3\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry"\n', ['cargo a 1.0.0']],
  [
    'composer.lock',
    '{"packages": [{"name": "a/b", "version": "v1.0"}], "packages-dev": [{"name": "c/d", "version": "2.0"}]}',
    ['composer a/b v1.0', 'composer c/d 2.0 dev'],
  ],
  [
    'Gemfile.lock',
    'GEM\n  remote: x\n  specs:\n    rails (7.0.0)\n      actioncable (= 7.0.0)\n    nokogiri (1.15.2-x86_64-linux)\n\nPLATFORMS\n  ruby\n',
    ['gem nokogiri 1.15.2', 'gem rails 7.0.0'],
  ],
  [
    'packages.lock.json',
    '{"version": 1, "dependencies": {"net6.0": {"A": {"type": "Direct", "resolved": "1.0.0"}, "P": {"type": "Project"}}}}',
    ['nuget A 1.0.0'],
  ],
  [
    'packages.config',
    '<packages><package id="A" version="1.0"/><package id="B" version="2.0" developmentDependency="true" /></packages>',
    ['nuget A 1.0', 'nuget B 2.0 dev'],
  ],
  [
    'Directory.Packages.props',
    '<Project><ItemGroup><PackageVersion Include=\'A\' Version=\'1.0\' /><PackageVersion Include="B" Version="$(V)"/></ItemGroup></Project>',
    ['nuget A 1.0'],
  ],
  [
    'app.deps.json',
    '{"runtimeTarget": {"name": "n"}, "targets": {"n": {"A/1.0": {"runtime": {}}, "B/2.0": {}}}, "libraries": {"A/1.0": {"type": "package"}, "B/2.0": {"type": "package"}, "C/3.0": {"type": "project"}}}',
    ['nuget A 1.0'],
  ],
  ['conan.lock', '{"graph_lock": {"nodes": {"0": {}, "1": {"ref": "openssl/1.1.1#abc"}}}}', ['conan openssl 1.1.1']],
  ['conan.lock', '{"version": "0.5", "requires": ["zlib/1.3@user/channel#rev%1.0"]}', ['conan zlib 1.3']],
  [
    'mix.lock',
    '%{\n  "bunt": {:hex, :bunt, "0.2.0", "x", [:mix]},\n  "git": {:git, "https://x", "y"},\n}\n',
    ['hex bunt 0.2.0'],
  ],
  [
    'pubspec.lock',
    'packages:\n  a:\n    dependency: "direct main"\n    version: "1.0.0"\n  b:\n    dependency: "direct dev"\n    version: "2.0.0"\n',
    ['pub a 1.0.0', 'pub b 2.0.0 dev'],
  ],
  ['Podfile.lock', 'PODS:\n  - A (1.0)\n  - B/C (2.0):\n    - A (= 1.0)\n', ['cocoapods A 1.0', 'cocoapods B/C 2.0']],
  [
    'Package.resolved',
    '{"pins": [{"location": "https://example.com/A/B.git", "state": {"version": "1.0.0"}}], "version": 2}',
    ['swift example.com/A/B 1.0.0'],
  ],
  [
    'Package.resolved',
    '{"object": {"pins": [{"repositoryURL": "git@example.com:A/B.git", "state": {"version": "1.0.0"}}]}, "version": 1}',
    ['swift example.com/A/B 1.0.0'],
  ],
  [
    'Manifest.toml',
    'julia_version = "1.9.0"\nmanifest_format = "2.0"\n[[deps.A]]\nuuid = "u"\nversion = "1.0.0"\n[[deps.Dates]]\nuuid = "v"\n[[deps.Own]]\npath = "."\nuuid = "w"\n',
    ['julia A 1.0.0', 'julia Dates 1.9.0'],
  ],
  [
    'environment.yml',
    'dependencies:\n  - conda-forge::openssl=1.1.1q=h7\n  - python>=3\n  - pip:\n    - requests==2.0\n',
    ['conda openssl 1.1.1q', 'pypi requests 2.0'],
  ],
]

async function inFolder(path: string, content: string): Promise<string[]> {
  const inventory = mergeLayers([{ inventory: await readLayerForTest([{ path, content }], { mode: 'folder' }) }])
  if (inventory.unread.length > 0) throw new Error(inventory.unread[0]!.reason)
  return inventory.packages.map(
    ({ kind, name, version, development }) => `${kind} ${name} ${version}${development === true ? ' dev' : ''}`,
  )
}

describe('a source tree tells its packages by', () => {
  cases.forEach(([path, content, expected], at) => {
    test(`${path} (${at})`, async () => expect(await inFolder(path, content)).toEqual([...expected]))
  })

  test('go.sum too, where an old go.mod leaves out what is needed indirectly', async () => {
    const files = [
      { path: 'm/go.mod', content: 'module x\ngo 1.15\nrequire github.com/a/b v1.0.0\n' },
      {
        path: 'm/go.sum',
        content: 'github.com/a/b v0.9.0 h1:x\ngithub.com/c/d v1.0.0/go.mod h1:y\ngithub.com/c/d v1.1.0 h1:z\n',
      },
    ]
    const inventory = mergeLayers([{ inventory: await readLayerForTest(files, { mode: 'folder' }) }])
    expect(inventory.packages.map(({ name, version, path }) => [name, version, path])).toEqual([
      ['github.com/a/b', 'v1.0.0', 'm/go.mod'],
      ['github.com/c/d', 'v1.1.0', 'm/go.mod'],
    ])
  })
})

describe('an image', () => {
  test('is not told by lock files, except by those whose packages nothing else tells of', async () => {
    const told: string[] = []
    for (const [path, content] of cases) if ((await packagesOfFile(path, content)).length > 0) told.push(path)
    expect([...new Set(told)]).toEqual([
      'Cargo.lock',
      'packages.lock.json',
      'packages.config',
      'Directory.Packages.props',
      'app.deps.json',
      'Manifest.toml',
    ])
  })

  const installed: readonly [path: string, content: string, expected: string][] = [
    [
      'usr/lib/ruby/gems/3.0/specifications/rake-13.0.gemspec',
      'Gem::Specification.new do |s|\n  s.name = "rake".freeze\n  s.version = "13.0.6"\n  s.licenses = ["MIT".freeze]\nend\n',
      'gem rake 13.0.6',
    ],
    [
      'app/vendor/composer/installed.json',
      '{"packages": [{"name": "a/b", "version": "1.0", "license": ["MIT"]}]}',
      'composer a/b 1.0',
    ],
    [
      'opt/conda/conda-meta/openssl-1.1.1q.json',
      '{"name": "openssl", "version": "1.1.1q", "license": "OpenSSL"}',
      'conda openssl 1.1.1q',
    ],
  ]
  for (const [path, content, expected] of installed) {
    test(`is told by ${path}`, async () => {
      const { packages } = await inventoryForTest([{ path, content }])
      expect(packages.map(({ kind, name, version }) => `${kind} ${name} ${version}`)).toEqual([expected])
      expect(packages[0]!.licences).toHaveLength(1)
    })
  }
})

test('an image is told by the bills of materials that its maker put into it, but not of its operating system', async () => {
  const purls = [
    'pkg:bitnami/wordpress@6.1.1-1?arch=amd64',
    'pkg:npm/a@1.0.0',
    'pkg:deb/debian/curl@1?distro=debian-12',
  ]
  const packages = purls.map((referenceLocator) => ({ externalRefs: [{ referenceType: 'purl', referenceLocator }] }))
  const content = JSON.stringify({ spdxVersion: 'SPDX-2.3', packages })
  expect(await packagesOfFile('opt/bitnami/wordpress/.spdx-wordpress.spdx', content)).toEqual([
    'bitnami wordpress 6.1.1-1',
    'npm a 1.0.0',
  ])
  expect(await packagesOfFile('a-1.dist-info/sboms/a.cdx.json', content)).toEqual([])
})

describe('no text makes a reader of lock files fail or hang', () => {
  const names = [...new Set(cases.map(([path]) => path))]

  test('damaged files', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...cases),
        fc.nat(2_000),
        fc.string({ unit: 'grapheme' }),
        async ([path, content], at, patch) => {
          const text = content.slice(0, at) + patch + content.slice(at + patch.length)
          await readLayerForTest([{ path, content: text }], { mode: 'folder' })
        },
      ),
      { numRuns: 600 },
    ))

  test('values of other kinds where texts and lists are expected', () =>
    fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.json(), async (path, content) => {
        await readLayerForTest([{ path, content }], { mode: 'folder' })
      }),
      { numRuns: 600 },
    ))

  /** What takes time in the square of its length in a reader that looks too far. */
  const floods = [
    ' ',
    '\t',
    '"',
    '(',
    '{',
    '[',
    '<',
    '<a ',
    '<a>',
    '<!--',
    '${',
    '@',
    '/',
    '-',
    '=',
    ',',
    ':',
    '\\',
    'a',
    '#',
    '==',
    '&',
    "'",
    '<![CDATA[',
    'a:\n',
    '- ',
    ' =',
    '"a",',
  ]
  for (const name of names) {
    test(`a megabyte of one thing as ${name}`, async () => {
      for (const flood of floods) {
        const content = flood.repeat(Math.ceil(1_000_000 / flood.length))
        const isSlow = /ya?ml$|toml$|poetry|uv\.lock|Cargo|Podfile|pubspec/.test(name)
        const before = process.threadCpuUsage()
        await readLayerForTest([{ path: name, content: isSlow ? content.slice(0, 20_000) : content }], {
          mode: 'folder',
        })
        const { user } = process.threadCpuUsage(before)
        // A second of the processor; the square of a megabyte takes minutes.
        expect({ flood, isSlow: user > 5_000_000 }).toEqual({ flood, isSlow: false })
      }
    })
  }

  test('a hundred megabytes are refused before they are read', async () => {
    for (const name of ['package-lock.json', 'Cargo.lock', 'requirements.txt', 'pom.xml']) {
      const analyser = analysers.find((each) => each.wants({ path: name, name, size: 1e8, executable: false }))!
      expect(analyser.maxBytes).toBeLessThan(1e8)
    }
  })
})
