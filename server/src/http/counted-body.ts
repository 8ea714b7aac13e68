/** How many bytes of a streamed answer have been taken so far. */
const counters = new WeakMap<Response, () => number>()

/** An answer whose length nobody knows before its end. What was taken of it is counted. */
export function countedResponse(source: ReadableStream<Uint8Array>, init?: ResponseInit): Response {
  let bytes = 0
  const reader = source.getReader()
  const counted = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        bytes += value.byteLength
        controller.enqueue(value)
      },
      cancel: (reason: unknown) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  const response = new Response(counted, init)
  counters.set(response, () => bytes)
  return response
}

/** Undefined: the answer is no stream. */
export const counterOf = (response: Response): (() => number) | undefined => counters.get(response)
