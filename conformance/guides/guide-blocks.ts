import { fencesOf } from '../../tools/docs/markdown.ts'
import { docsPages } from '../../tools/docs/pages.ts'

/** Commands of a guide that a test runs, exactly as they are printed. */
export interface GuideBlock {
  readonly file: string
  readonly environment: string
  readonly commands: string
}

/** Environments that the mark `<!-- run: … -->` before a block of a guide may name. */
export const environments = [
  'systemd',
  'drill',
  'compose',
  'docker',
  'helm',
  'kubernetes',
  'api',
  'chart-push',
  'oras',
] as const

export const guideBlocks: readonly GuideBlock[] = docsPages().flatMap(({ file, text }) =>
  fencesOf(text).flatMap(({ run, text: commands }) =>
    run === undefined ? [] : [{ file, environment: run, commands }],
  ),
)

export const blocksFor = (environment: (typeof environments)[number]): readonly GuideBlock[] =>
  guideBlocks.filter((block) => block.environment === environment)
