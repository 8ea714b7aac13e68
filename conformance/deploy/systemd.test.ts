import { expect, test } from 'bun:test'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tryCommand } from '../harness/command.ts'
import { findClient, skipLoudly } from '../harness/real-client.ts'
import { createTemporaryFolder } from '../harness/temporary-folder.ts'

const unit = join(import.meta.dir, '..', '..', 'deploy', 'berth.service')
const sample = join(import.meta.dir, '..', '..', 'deploy', 'berth.example.yml')
const analyze = findClient('systemd-analyze')

test('a wrong configuration or command line is not started again and again', async () => {
  expect(await readFile(unit, 'utf8')).toMatch(/^RestartPreventExitStatus=2 78$/m)
})

test('a reload does not end the registry', async () => {
  expect(await readFile(unit, 'utf8')).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m)
})

test('systemd hears when it can be used, and starts one that hangs again', async () => {
  const text = await readFile(unit, 'utf8')
  expect(text).toMatch(/^Type=notify$/m)
  expect(text).toMatch(/^WatchdogSec=\S+$/m)
  // The socket is of this family.
  expect(text).toMatch(/^RestrictAddressFamilies=.*AF_UNIX/m)
})

test('the file says where the data is, so that commands from any shell mean the registry of the service', async () => {
  const text = await readFile(unit, 'utf8')
  expect(text).not.toMatch(/^Environment=BERTH_DATA_FOLDER/m)
  const step = /^#\s+(sed -i .*) \/etc\/berth\/berth\.yml$/m.exec(text)?.[1]
  await using folder = await createTemporaryFolder()
  const copy = join(folder.path, 'berth.yml')
  await writeFile(copy, await readFile(sample))
  expect(await tryCommand(['sh', '-c', `${step} ${copy}`])).toMatchObject({ code: 0 })
  expect((await readFile(copy, 'utf8')).match(/^[a-z].*$/gm)).toEqual(['data_folder: /var/lib/berth'])
})

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
