import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scanPipelines } from './scan-pipelines.ts'

test.each(['docs/guides/scan-in-ci.md', 'docs/guides/zh-CN/scan-in-ci.md'])(
  '%s shows the pipelines of the console',
  (path) => {
    const guide = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8')
    for (const { client, command } of scanPipelines('registry.example.com', '--db /data/trivy-db.tar.gz'))
      expect({ client, isShown: guide.includes(command) }).toEqual({ client, isShown: true })
  },
)
