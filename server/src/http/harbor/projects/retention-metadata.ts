import { z } from 'zod'

const selectorMetadata = z.object({ display_text: z.string(), kind: z.string(), decorations: z.array(z.string()) })

export const retentionMetadataAnswer = z.object({
  templates: z.array(
    z.object({
      rule_template: z.string(),
      display_text: z.string(),
      action: z.string(),
      params: z.array(z.object({ type: z.string(), unit: z.string(), required: z.boolean() })),
    }),
  ),
  scope_selectors: z.array(selectorMetadata),
  tag_selectors: z.array(selectorMetadata),
})

const template = (name: string, text: string, unit?: 'COUNT' | 'DAYS') => ({
  rule_template: name,
  display_text: text,
  action: 'retain',
  params: unit === undefined ? [] : [{ type: 'int', unit, required: true }],
})

const selector = (text: string, decorations: string[]) => ({ display_text: text, kind: 'doublestar', decorations })

/** What Harbor offers; its two older templates are understood, and not offered. */
export const retentionMetadata: z.output<typeof retentionMetadataAnswer> = {
  templates: [
    template('latestPushedK', 'the most recently pushed # artifacts', 'COUNT'),
    template('latestPulledN', 'the most recently pulled # artifacts', 'COUNT'),
    template('nDaysSinceLastPush', 'pushed within the last # days', 'DAYS'),
    template('nDaysSinceLastPull', 'pulled within the last # days', 'DAYS'),
    template('always', 'always'),
  ],
  scope_selectors: [selector('Repositories', ['repoMatches', 'repoExcludes'])],
  tag_selectors: [selector('Tags', ['matches', 'excludes'])],
}
