import { Option, type Command } from 'commander'
import { factsOf } from '../output.ts'
import { listCommand, type CommandGroup, type Flags } from '../registry-command.ts'
import { exportFindingsCommand } from './security-export.ts'

const severities = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown'] as const

function addFindingFlags(command: Command): void {
  command
    .addOption(new Option('--severity <severity>', 'only these').choices(severities))
    .option('--exploited', 'only what is known to be exploited')
    .option('--fixable', 'only what a newer version of a package mends')
}

export const securityCommands: CommandGroup = {
  name: 'security',
  description: 'what scans found in all projects, and what to mend first',
  commands: [
    {
      usage: 'show',
      description: 'the numbers of the whole registry',
      example: 'berth security show',
      run: async (api) => {
        const found = await api.call('GET /security/summary')
        return factsOf(
          [
            ['exploited', found.exploited_cnt ?? 0],
            ['fixable', found.fixable_cnt],
            ['critical', found.critical_cnt],
            ['high', found.high_cnt ?? 0],
            ['medium', found.medium_cnt],
            ['low', found.low_cnt],
            ['negligible', found.none_cnt ?? 0],
            ['unknown', found.unknown_cnt ?? 0],
            ['findings', found.total_vuls],
            ['images scanned', found.scanned_cnt],
            ['artifacts', found.total_artifact],
          ],
          found,
        )
      },
    },
    listCommand({
      usage: 'list',
      description: 'list vulnerabilities, each once: those known to be exploited first, then the worst',
      example: 'berth security list --exploited',
      operation: 'GET /security/vulnerabilities',
      configure: (command) => {
        addFindingFlags(command)
        command.option('--cve <text>', 'a part of the id')
      },
      input: (_args, flags) => ({
        query: {
          cve_id: textOf(flags, 'cve'),
          severity: flags['severity'] as (typeof severities)[number] | undefined,
          ...truthsOf(flags),
        },
      }),
      columns: {
        ID: (row) => row.cve_id,
        SEVERITY: ({ severity }) => severity,
        CVSS: (row) => row.cvss_v3_score,
        EXPLOITED: ({ exploited }) => (exploited ? 'yes' : ''),
        IMAGES: ({ images }) => images,
        FIXABLE: (row) => row.fixable_images,
        'PULLED RECENTLY': (row) => row.recently_pulled,
        '*EPSS': ({ epss }) => epss,
        '*TITLE': ({ title }) => title,
      },
    }),
    listCommand({
      usage: 'findings',
      description: 'list vulnerable packages of all images, the highest CVSS score first; texts match exactly',
      example: 'berth security findings --cve CVE-2021-44228',
      operation: 'GET /security/vul',
      configure: (command) => {
        addFindingFlags(command)
        command
          .option('--cve <id>', 'only this vulnerability')
          .option('--package <name>', 'only this package')
          .option('--repository <name>', 'only this one: library/nginx')
          .option('--tag <tag>', 'only artifacts with this tag')
          .option('--digest <digest>', 'only this artifact')
          .option('--score <from~to>', 'only CVSS scores within: 7.0~10.0')
      },
      input: (_args, flags) => ({ query: { q: findingQuery(flags), with_tag: 'true' } }),
      columns: {
        ID: (row) => row.cve_id,
        SEVERITY: ({ severity }) => severity,
        CVSS: (row) => row.cvss_v3_score,
        PACKAGE: ({ package: name, version = '' }) => `${name} ${version}`,
        'FIXED IN': (row) => row.fixed_version,
        REPOSITORY: (row) => row.repository_name,
        TAGS: ({ tags = [] }) => tags.join(', '),
        '*DIGEST': ({ digest }) => digest,
        '*EXPLOITED': ({ exploited }) => (exploited === true ? 'yes' : ''),
      },
    }),
    listCommand({
      usage: 'artifacts',
      description: 'list artifacts with findings, the most dangerous first',
      example: 'berth security artifacts --limit 20',
      operation: 'GET /security/artifacts',
      columns: {
        REPOSITORY: (row) => row.repository_name,
        TAGS: ({ tags }) => tags.join(', '),
        EXPLOITED: ({ exploited }) => exploited,
        CRITICAL: ({ summary }) => summary['Critical'] ?? 0,
        HIGH: ({ summary }) => summary['High'] ?? 0,
        FIXABLE: ({ fixable }) => fixable,
        PULLED: (row) => row.pull_time,
        '*DIGEST': ({ digest }) => digest,
      },
    }),
    listCommand({
      usage: 'rebuilds',
      description: 'list base images whose rebuilding mends most findings',
      example: 'berth security rebuilds',
      operation: 'GET /security/rebuilds',
      columns: {
        BASE: ({ base, base_name: name, layers }) =>
          base === undefined
            ? (name ?? `layer ${layers[0] ?? ''}`)
            : `${base.repository_name}:${base.tags[0] ?? base.digest}`,
        MENDS: ({ fixable }) => fixable,
        EXPLOITED: ({ exploited }) => exploited,
        IMAGES: ({ images }) => images,
        'PULLED RECENTLY': (row) => row.recently_pulled,
      },
    }),
    exportFindingsCommand,
  ],
}

const textOf = (flags: Flags, name: string): string | undefined => flags[name] as string | undefined

const truthsOf = (flags: Flags) => ({
  ...(flags['exploited'] === true ? { exploited: 'true' } : {}),
  ...(flags['fixable'] === true ? { fixable: 'true' } : {}),
})

/** As `/security/vul` takes it. */
function findingQuery(flags: Flags): string | undefined {
  const score = textOf(flags, 'score')
  const texts = [
    ...[['cve', 'cve_id'] as const, ['package', 'package'] as const, ['repository', 'repository_name'] as const],
    ...[['tag', 'tag'] as const, ['digest', 'digest'] as const, ['severity', 'severity'] as const],
  ].flatMap(([flag, key]) => {
    const value = textOf(flags, flag)
    return value === undefined ? [] : [`${key}=${value.replaceAll(',', '\\,')}`]
  })
  const truths = Object.entries(truthsOf(flags)).map(([key, value]) => `${key}=${value}`)
  const conditions = [...texts, ...truths, ...(score === undefined ? [] : [`cvss_score_v3=[${score}]`])]
  return conditions.length === 0 ? undefined : conditions.join(',')
}
