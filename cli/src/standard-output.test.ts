import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { root } from '../test/berth-process.ts'

const [bun, main] = [process.execPath, join(root, 'cli/src/main.ts')]

/** What a shell sees of `berth … | head`: the exit code of each, and what stands on standard error. */
async function piped(words: string, reader: string): Promise<{ codes: string; stderr: string }> {
  const shell = Bun.spawn(
    ['bash', '-c', `"$0" "$1" ${words} | ${reader} >/dev/null; echo "\${PIPESTATUS[@]}"`, bun, main],
    {
      stdout: 'pipe',
      stderr: 'pipe',
    },
  )
  const [stdout, stderr] = await Promise.all([new Response(shell.stdout).text(), new Response(shell.stderr).text()])
  return { codes: stdout.trim(), stderr }
}

for (const words of ['--help', 'serve --help', 'user --help', 'config sample', 'completion bash']) {
  test(`a command whose reader has gone ends without a word: berth ${words}`, async () => {
    expect(await piped(words, 'true')).toEqual({ codes: '0 0', stderr: '' })
  })
}

test('what follows something ends when its reader does', async () => {
  await using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch(request) {
      if (new URL(request.url).pathname.endsWith('/systeminfo')) return Response.json({})
      const stream = new ReadableStream({
        async pull(controller) {
          await Bun.sleep(20)
          controller.enqueue('id: 1\ndata: {"type":"tag.created","id":1}\n\n')
        },
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  const address = `--url http://127.0.0.1:${server.port} --output json`
  expect(await piped(`event follow --since 0 ${address}`, 'head -n 1')).toEqual({ codes: '0 0', stderr: '' })
})
