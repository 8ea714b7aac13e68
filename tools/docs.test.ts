import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { composeProgram } from '../cli/src/program.ts'
import { settingDescriptions, settingGroups } from '#server/config/setting-paths.ts'
import { settingNames } from '#server/domain/settings/setting-keys.ts'
import { harborRoutes } from '#server/http/harbor/routes.ts'
import { chartValues } from './docs/chart-values.ts'
import { codeSpansOf, fencesOf, headingsOf, linksOf, withoutFences } from './docs/markdown.ts'
import { docsPages, guidesWithoutShelf, targetOf, type DocsPage } from './docs/pages.ts'
import { generatedReferences } from './docs/references.ts'
import { production, root, sources, withoutComments } from './sources.ts'
import { pageGuides, type GuideReference } from '#web/shell/page-guides.ts'

const served = docsPages()
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
/** Pages that only a checkout has. */
const others = ['README.md', 'README.zh-CN.md', 'web/README.md', 'conformance/README.md'].map((file) => ({
  file,
  text: read(file),
}))
const pages: readonly Pick<DocsPage, 'file' | 'text'>[] = [...served, ...others]

/** Commands and names in pages that tell how the program is used now; a decision or a change tells how it once was. */
const current = pages.filter(({ file }) => !/^docs\/adr\/|^CHANGELOG|^bench\//.test(file))

describe('links', () => {
  test('lead to files that exist, and to headings or named places in them', () => {
    const broken = pages.flatMap((page) =>
      linksOf(page.text).flatMap(({ path, anchor }) => {
        if (/^(https?|mailto):/.test(path)) return []
        const target = targetOf(page, path)
        if (!existsSync(join(root, target))) return [`${page.file}: ${path} is not there`]
        if (anchor === undefined || !target.endsWith('.md')) return []
        return anchorsOf(read(target)).has(decodeURI(anchor)) ? [] : [`${page.file}: ${path}#${anchor} is not there`]
      }),
    )
    expect(broken).toEqual([])
  })

  test('of a Chinese page stay in Chinese where there is a translation', () => {
    const translated = new Set(served.filter(({ language }) => language === 'zh-CN').map(({ topic }) => topic))
    const foreign = served
      .filter(({ language }) => language === 'zh-CN')
      .flatMap((page) =>
        linksOf(page.text).flatMap(({ path }) => {
          const target = served.find(({ file }) => file === targetOf(page, path))
          const leaves = target?.language === 'en' && translated.has(target.topic) && target.topic !== ''
          return leaves ? [`${page.file}: ${path}`] : []
        }),
      )
    expect(foreign).toEqual([])
  })

  test('lead to every page from the first one', () => {
    for (const [first, language] of [
      ['docs/README.md', 'en'],
      ['docs/README.zh-CN.md', 'zh-CN'],
    ] as const) {
      const linked = new Set(linksOf(read(first)).map(({ path }) => targetOf({ file: first }, path)))
      const wanted = served.filter(
        (page) => page.language === language && page.topic !== '' && page.topic !== 'contributing',
      )
      expect(wanted.map(({ file }) => file).filter((file) => !linked.has(file))).toEqual([])
    }
  })
})

const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set([
    ...headingsOf(text).map(({ anchor }) => anchor),
    ...[...text.matchAll(/<a id="([\w-]+)">/g)].map(([, id]) => id!),
  ])

describe('translations', () => {
  const pairs = served
    .filter(({ language, file }) => language === 'zh-CN' && !file.startsWith('docs/README'))
    .map((chinese) => ({
      chinese,
      english: served.find((page) => page.language === 'en' && page.topic === chinese.topic),
    }))

  test('are there for every guide', () => {
    const guides = served.filter(({ file }) => file.startsWith('docs/guides/'))
    const topicsIn = (language: string) => guides.filter((page) => page.language === language).map(({ topic }) => topic)
    expect(topicsIn('zh-CN').toSorted()).toEqual(topicsIn('en').toSorted())
    expect(guidesWithoutShelf(served)).toEqual([])
  })

  test('have the headings, tables, commands and named places of the English page', () => {
    const shapeOf = ({ text }: Pick<DocsPage, 'text'>) => ({
      headings: headingsOf(text).map(({ level }) => level),
      rows: withoutFences(text).match(/^\|/gm)?.length ?? 0,
      commands: fencesOf(text).map(({ text: lines, language, run }) => [language, run, commandsIn(lines)]),
      places: [...text.matchAll(/<a id="([\w-]+)">/g)].map(([, id]) => id),
    })
    for (const { chinese, english } of pairs) {
      if (english === undefined) throw new Error(`${chinese.file} translates nothing`)
      expect({ page: chinese.file, ...shapeOf(chinese) }).toEqual({ page: chinese.file, ...shapeOf(english) })
    }
  })

  test('have the same commands where a test runs them', () => {
    const marked = ({ text }: Pick<DocsPage, 'text'>) =>
      fencesOf(text).flatMap(({ run, text: lines }) =>
        run === undefined ? [] : [lines.replaceAll(/[ \t]+# .*$/gm, '').trimEnd()],
      )
    for (const { chinese, english } of pairs) expect(marked(chinese)).toEqual(marked(english!))
  })

  // Lines that only explain may differ, and so may names that a reader chooses.
  const commandsIn = (lines: string): number => lines.split('\n').filter((line) => !/^\s*(#|$)/.test(line)).length
})

describe('commands', () => {
  const program = composeProgram()

  test('of berth exist, with their flags', () => {
    const wrong = current.flatMap(({ file, text }) =>
      commandLinesOf(text).flatMap((line) => {
        const problem = problemOf(program, line)
        return problem === undefined ? [] : [`${file}: ${line}: ${problem}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  test('that are wrong are found', () => {
    expect(problemOf(program, 'berth user set-pasword admin')).toContain('set-pasword')
    expect(problemOf(program, 'berth backup --frm x')).toContain('--frm')
    expect(problemOf(program, 'berth project member add team mei developer')).toBeUndefined()
  })

  test('that messages of the program print are pages of this documentation', () => {
    const english = served.filter(({ language }) => language === 'en')
    const topics = new Map(english.map((page) => [page.topic, page]))
    const named = production.flatMap(({ path, text }) =>
      [
        ...withoutComments(text)
          .replaceAll(/Examples:[^']*'/g, '')
          .matchAll(/\bberth docs ([a-z][\w/-]*)(?:#([\w-]+))?/g),
      ].map(([, topic = '', anchor]) => ({ path, topic, anchor })),
    )
    expect(named.length).toBeGreaterThan(5)
    const missing = named.filter(({ topic, anchor }) => {
      const page = topics.get(topic)
      return page === undefined || (anchor !== undefined && !anchorsOf(page.text).has(anchor))
    })
    expect(missing).toEqual([])
  })

  test('stand in messages instead of files that only a checkout has', () => {
    const found = production.flatMap(({ path, text }) =>
      [...withoutComments(text).matchAll(/'[^'\n]*\bdocs\/[\w/-]+\.md[^'\n]*'/g)].map(
        ([message]) => `${path}: ${message}`,
      ),
    )
    expect(found).toEqual([])
  })
})

/** Lines that call `berth`, in blocks and in the running text. */
function commandLinesOf(text: string): readonly string[] {
  const lines = [
    ...fencesOf(text).flatMap(({ language, text: code }) =>
      language === 'sh' ? code.replaceAll(/\\\n\s*/g, ' ').split('\n') : [],
    ),
    ...codeSpansOf(text),
  ]
  return lines.flatMap((line) => {
    const found = /(?:^|[;&|(] ?|^.*-- |sudo -u berth |exec berth )(berth (?!berth )[a-z].*)$/.exec(
      line.replace(/\s+# .*$/, ''),
    )
    return found === null ? [] : [found[1]!.replace(/ [|&>].*$/, '')]
  })
}

/** Why the command table has no such command line. */
function problemOf(program: Command, line: string): string | undefined {
  let command = program
  let known = true
  for (const word of line.split(/\s+/).slice(1)) {
    if (word.startsWith('-') && word !== '-') {
      const flag = word.split('=')[0]!
      if (flag === '-h' || flag === '--help') continue
      const has = command.options.some(({ short, long }) => short === flag || long === flag)
      if (!has && !(command === program && flag === '--version')) return `no flag ${flag}`
    } else if (known && command.commands.length > 0) {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word))
      if (next !== undefined) command = next
      else if (/^[a-z][a-z-]*$/.test(word) && command.registeredArguments.length === 0) return `no command ${word}`
      else known = false
    }
  }
  return undefined
}

describe('names', () => {
  /** A setting of Docker Distribution, which a guide tells to switch. */
  const distributions = 'storage.maintenance.readonly.enabled'

  test('of settings are settings', () => {
    const known = new Set([
      ...settingDescriptions.map(({ path }) => path),
      ...settingGroups.map(({ name }) => name),
      ...settingNames,
      ...chartValues().flatMap(({ path }) =>
        path.split('.').map((_, index, parts) => parts.slice(0, index + 1).join('.')),
      ),
    ])
    const groups = settingGroups.map(({ name }) => name).filter((name) => name !== '')
    const wrong = current.flatMap(({ file, text }) =>
      codeSpansOf(text)
        .filter((span) => /^[a-z_][\w.]*(: .*)?$/.test(span))
        .map((span) => span.replace(/: .*$/, ''))
        .filter((span) => groups.some((group) => span.startsWith(`${group}.`)))
        .filter((span) => !known.has(span) && !isFile(span) && span !== distributions)
        .map((span) => `${file}: ${span}`),
    )
    expect(wrong).toEqual([])
  })

  test('of variables are those of settings', () => {
    const known = new Set(settingDescriptions.flatMap(({ environment }) => [environment, `${environment}_FILE`]))
    const own =
      /^BERTH_(URL|CONTEXTS?|USERNAME|CA|INSECURE|CONFIG|TEST_POSTGRES|SCREENSHOTS|FUZZ_SEED|PASSWORD|CLIENTS_FOLDER|HOST|RESOLVER|CONFORMANCE_\w+|HARBOR_SWAGGER)$/
    const wrong = current.flatMap(({ file, text }) =>
      [...text.matchAll(/\bBERTH_[A-Z0-9_]+/g)]
        .map(([name]) => name)
        .filter(
          (name) => !known.has(name) && !own.test(name) && !read('deploy/compose.large.yml').includes(`\${${name}`),
        )
        .map((name) => `${file}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('of metrics are in the program', () => {
    const code = production.map(({ text }) => text).join('\n')
    // As a whole, or as the code names it: without the prefix, and a counter without its ending.
    const names = [
      (name: string) => name,
      (name: string) => `'${name.slice('berth_'.length)}'`,
      (name: string) => `'${name.slice('berth_'.length).replace(/_total$/, '')}'`,
    ]
    const wrong = current.flatMap(({ file, text }) =>
      [...text.matchAll(/\bberth_[a-z_]+[a-z]\b/g)]
        .map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))
        .filter((name) => !/^berth_(pat|job)$/.test(name) && !names.some((quoted) => code.includes(quoted(name))))
        .map((name) => `${file}: ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('of operations of the API are routes', () => {
    const paths = harborRoutes.map(
      ({ path }) =>
        new RegExp(
          `^${path
            .replaceAll(/\{[^}]+\}/g, '[^/]+')
            .replaceAll(/[.+]/g, '\\$&')
            .replaceAll('[^/]\\+', '[^/]+')}$`,
        ),
    )
    const wrong = current.flatMap(({ file, text }) =>
      [...text.matchAll(/\/api\/v2\.0(\/[\w/{}$:.…-]*)/g)]
        .map(([, path = '']) => path.replace(/[.…]+$/, '').replace(/\/$/, ''))
        .filter((path) => path !== '' && !paths.some((pattern) => pattern.test(path)))
        .map((path) => `${file}: ${path}`),
    )
    expect(wrong).toEqual([])
  })
})

const isFile = (span: string): boolean => /\.(yml|yaml|json|md|crt|key|toml|db|sh)$/.test(span)

test('the generated references are those of the code; write them: bun tools/write-reference.ts', () => {
  for (const [page, text] of Object.entries(generatedReferences())) expect(read(`docs/reference/${page}`)).toBe(text)
})

test('every value of the chart that is described in English is described in Chinese', () => {
  const missing = chartValues().filter(
    ({ meaning }) => (meaning.en === '') !== (meaning['zh-CN'] === undefined) || meaning.en === '',
  )
  expect(missing.map(({ path }) => path)).toEqual([])
})

describe('the console and the server', () => {
  const pageIn = (topic: string, language: string) =>
    served.find((page) => page.topic === topic && page.language === language)

  test('lead from every page of the console to a part of a guide that is there, in both languages', () => {
    const missing = Object.entries(pageGuides).flatMap(([name, { guide, anchors }]: [string, GuideReference]) =>
      (['en', 'zh-CN'] as const).flatMap((language) => {
        const page = pageIn(guide, language)
        const place = anchors?.[language]
        const isThere = page !== undefined && (place === undefined || anchorsOf(page.text).has(place))
        return isThere ? [] : [`${name}: ${guide}#${place}`]
      }),
    )
    expect(missing).toEqual([])
  })

  test('have a page with a sentence and a guide for every address of the console', () => {
    const without = sources
      .filter(({ path }) => path.startsWith('web/src/pages/') && path.endsWith('.tsx'))
      .flatMap(({ path, text }) => [...text.matchAll(/<Page\b(?:[^>]|=>)*>/g)].map(([tag]) => ({ path, tag })))
      .filter(({ tag }) => !/guide=/.test(tag) || !/description=/.test(tag))
      .map(({ path, tag }) => `${path}: ${tag.replaceAll(/\s+/g, ' ').slice(0, 60)}`)
    expect(without.filter((line) => !framesOfErrors.some((path) => line.startsWith(path)))).toEqual([])
  })

  /** Pages in place of one that does not come: loading, refused. And a job, which belongs to the list of jobs. */
  const framesOfErrors = [
    'web/src/pages/administration/administrators-only.tsx',
    'web/src/pages/administration/jobs/job-page.tsx',
    'web/src/pages/artifacts/artifact-page.tsx: <Page title={title} above={above}>',
  ]

  test('explain every code that the server can answer', () => {
    const errors = read('server/src/domain/errors.ts')
    const codes = [...errors.matchAll(/^ {2}\| '([A-Z_]+)'$/gm)].map(([, code]) => code!)
    expect(codes.length).toBeGreaterThan(50)
    for (const language of ['en', 'zh-CN']) {
      const known = anchorsOf(pageIn('troubleshooting', language)!.text)
      expect(codes.filter((code) => !known.has(code.toLowerCase()))).toEqual([])
    }
  })
})
