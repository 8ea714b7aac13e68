import { expect, test } from 'bun:test'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const unit = join(import.meta.dir, '..', '..', 'deploy', 'berth.service')
const analyze = findClient('systemd-analyze')

if (analyze === undefined) skipLoudly('systemd unit', 'not on this machine: systemd-analyze')
else {
  test('the unit is one that systemd takes without a word', async () => {
    await using folder = await createTemporaryFolder()
    const copy = join(folder.path, 'berth.service')
    const text = await readFile(unit, 'utf8')
    expect(text).toContain('ExecStart=/usr/local/bin/berth serve')
    // systemd looks whether the program is there.
    await writeFile(copy, text.replaceAll('/usr/local/bin/berth', process.execPath))
    expect(await tryCommand([analyze, 'verify', '--man=no', copy])).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  test('systemd finds little that the unit could still do without', async () => {
    const { code, stdout } = await tryCommand([analyze, 'security', '--offline=true', '--threshold=25', unit])
    expect({ code, stdout }).toMatchObject({ code: 0 })
  })
}
