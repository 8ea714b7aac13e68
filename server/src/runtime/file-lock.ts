import { dlopen, read, type Pointer } from 'bun:ffi'

const exclusiveWithoutWaiting = 2 | 4
const unlocked = 8

interface Functions {
  flock(descriptor: number, operation: number): number
  errorNumber(): number
}

/** glibc, musl, macOS. */
const libraries = [
  { names: ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'], errno: '__errno_location', busy: 11 },
  { names: ['libSystem.B.dylib'], errno: '__error', busy: 35 },
] as const

let functions: (Functions & { readonly busy: number }) | undefined

/**
 * Locks an open file against other processes. The kernel releases the lock when the descriptor is closed, by a crash
 * too. Another descriptor of this process counts as another process. Returns false when another process holds the lock.
 * On a file system without locks it always succeeds.
 */
export function lockFile(descriptor: number): boolean {
  return tryLockFile(descriptor) !== 'held'
}

/**
 * As `lockFile`, and says whether the file system has the lock at all. NFS has none for a descriptor that is open for
 * reading alone.
 */
export function tryLockFile(descriptor: number): 'locked' | 'held' | 'unsupported' {
  functions ??= load()
  if (functions.flock(descriptor, exclusiveWithoutWaiting) === 0) return 'locked'
  return functions.errorNumber() === functions.busy ? 'held' : 'unsupported'
}

export function unlockFile(descriptor: number): void {
  functions ??= load()
  functions.flock(descriptor, unlocked)
}

function load(): Functions & { readonly busy: number } {
  for (const { names, errno, busy } of libraries) {
    for (const name of names) {
      const found = open(name, errno)
      if (found !== undefined) return { ...found, busy }
    }
  }
  throw new Error('this machine has no C library in which flock(2) can be found')
}

function open(name: string, errno: '__errno_location' | '__error'): Functions | undefined {
  try {
    const { symbols } = dlopen(name, {
      flock: { args: ['int', 'int'], returns: 'int' },
      [errno]: { args: [], returns: 'ptr' },
    })
    const location = symbols[errno] as unknown as () => Pointer
    return {
      flock: symbols.flock as Functions['flock'],
      errorNumber: () => read.i32(location()),
    }
  } catch {
    return undefined // another machine's C library
  }
}
