import { expect, test } from 'bun:test'
import { isSurelyGone, newProcessMark, ownProcessMark } from './process-mark.ts'

/** The mark that another process of this machine has. */
async function markOfAnother(then: 'lives' | 'ends') {
  const code = `
    import { newProcessMark } from '${import.meta.dir}/process-mark.ts'
    console.log(newProcessMark())
    ${then === 'lives' ? 'await new Promise((resolve) => setTimeout(resolve, 60_000))' : ''}`
  const child = Bun.spawn([process.execPath, '-e', code], { stdout: 'pipe', stdin: 'ignore' })
  const reader = child.stdout.getReader()
  const mark = new TextDecoder().decode((await reader.read()).value).trim()
  return { mark, child }
}

test('this process lives, by whatever name', () => {
  expect(isSurelyGone(ownProcessMark())).toBe(false)
  expect(isSurelyGone(newProcessMark())).toBe(false)
  expect(newProcessMark()).not.toBe(newProcessMark())
})

test.skipIf(process.platform !== 'linux')(
  'a process of this machine is gone as soon as it is killed, not before',
  async () => {
    const { mark, child } = await markOfAnother('lives')
    expect(isSurelyGone(mark)).toBe(false)
    child.kill('SIGKILL')
    await child.exited
    expect(isSurelyGone(mark)).toBe(true)
  },
)

test.skipIf(process.platform !== 'linux')(
  'another process with the pid of a dead one does not keep its name alive',
  () => {
    const mark = ownProcessMark()
    const earlier = mark.replace(/\d+$/, '1')
    expect(isSurelyGone(earlier)).toBe(true)
  },
)

test('nothing is said of another machine, boot or container, nor of names of other versions', () => {
  const mark = ownProcessMark().replace(/\d+$/, '1')
  const other = mark.replace(/@[0-9a-f]{8}/, '@00000000')
  const container = mark.replace(/\/\d+\//, '/7/')
  const names = [`elsewhere${mark}`, other, container, 'host:1:2c0a6f0a-6a1c-4a8b-9d9b-000000000000', 'holder', '']
  for (const name of names) expect([name, isSurelyGone(name)]).toEqual([name, false])
})
