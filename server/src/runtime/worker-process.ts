import { spawn } from 'node:child_process'

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Another process of this program, seen from the one that started it. */
export interface WorkerProcess<Sent, Heard> {
  readonly pid: number | undefined
  /** Messages to a process that is gone are lost. */
  send(message: Sent): void
  onMessage(listener: (message: Heard) => void): void
  onEnd(listener: (end: ProcessEnd) => void): void
  kill(signal: NodeJS.Signals): void
}

/** Starts this program once more, with a channel for messages; it writes where this process writes. */
export function startOwnProgram<Sent, Heard>(args: readonly string[]): WorkerProcess<Sent, Heard> {
  // Inside the single executable the program is found by itself; in a checkout the runtime wants the file.
  const program = Bun.main.startsWith('/$bunfs/') || Bun.main.includes('~BUN') ? [] : [Bun.main]
  const child = spawn(process.execPath, [...program, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  let ended: ProcessEnd | undefined
  let hear: ((end: ProcessEnd) => void) | undefined
  const end = (reason: ProcessEnd) => {
    if (ended !== undefined) return
    ended = reason
    hear?.(reason)
  }
  child.on('exit', (code, signal) => end({ code, signal }))
  child.on('error', () => end({ code: null, signal: null })) // it could not be started
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message as object, () => {}) // a process that dies meanwhile is seen by its end
    },
    onMessage: (listener) => void child.on('message', (message) => listener(message as Heard)),
    onEnd: (listener) => {
      hear = listener
      if (ended !== undefined) listener(ended)
    },
    kill: (signal) => void child.kill(signal),
  }
}

/** The process that started this one, seen from here. */
export interface ParentProcess<Sent, Heard> {
  send(message: Sent): void
  onMessage(listener: (message: Heard) => void): void
  /** It has died, or let this process go. */
  onGone(listener: () => void): void
  /** Lets this process end although the parent lives. */
  release(): void
}

type Tell = (message: unknown, onSent: () => void) => void

/** @throws Error when no other process of this program started this one */
export function parentProcess<Sent, Heard>(): ParentProcess<Sent, Heard> {
  const send = process.send?.bind(process) as Tell | undefined
  if (send === undefined) throw new Error('this command is for berth serve, which starts it for each worker')
  const tell = send
  return {
    send: (message) => {
      // A parent that is gone ends this process.
      if (process.connected) tell(message, () => {})
    },
    onMessage: (listener) => void process.on('message', (message) => listener(message as Heard)),
    onGone: (listener) => void process.once('disconnect', listener),
    release: () => {
      if (process.connected) process.disconnect?.()
    },
  }
}
