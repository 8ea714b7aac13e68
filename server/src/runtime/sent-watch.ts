/** The end of an answer: all of it was handed to the network, or the client went away before. */
export interface Sent {
  readonly aborted: boolean
}

interface Sending {
  /** Whether the server has done with the request. */
  readonly isOver: () => boolean
  readonly end: (sent: Sent) => void
  readonly since: number
  nextLookAt: number
  seenOver: boolean
}

const tickMs = 10
const maxPauseMs = 1_000

/**
 * Learns when answers have been sent. Bun tells a request that the client has gone, but nothing tells that the last byte
 * of a file went out, so requests under way are looked at: first after 10 ms, then again after a twentieth of their age.
 */
export class SentWatch {
  readonly #sending = new Set<Sending>()
  #timer: ReturnType<typeof setInterval> | undefined

  /** Calls `done` once: when the client went away, or at a look that finds the request over. */
  follow(request: Request, isOver: () => boolean, done: (sent: Sent) => void): void {
    const since = performance.now()
    const sending: Sending = {
      isOver,
      since,
      nextLookAt: since,
      seenOver: false,
      end: (sent) => {
        if (!this.#sending.delete(sending)) return
        request.signal.removeEventListener('abort', abort)
        if (this.#sending.size === 0) this.#rest()
        done(sent)
      },
    }
    const abort = () => sending.end({ aborted: true })
    this.#sending.add(sending)
    request.signal.addEventListener('abort', abort)
    // Not for the process to wait for: the listener's own end does that.
    this.#timer ??= setInterval(() => this.#look(), tickMs).unref()
  }

  #look(): void {
    const now = performance.now()
    for (const sending of this.#sending) {
      if (now < sending.nextLookAt) continue
      // Bun forgets a request before it tells that its client went away: the word may still be on its way.
      if (sending.seenOver) sending.end({ aborted: false })
      else if (sending.isOver()) sending.seenOver = true
      else sending.nextLookAt = now + Math.min(maxPauseMs, (now - sending.since) / 20)
    }
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
