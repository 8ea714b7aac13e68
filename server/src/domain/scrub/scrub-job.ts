/** The kind of its jobs, and the name of its schedule. */
export const scrubKind = 'scrub'

/** Little of what a disk can, and yet a terabyte and a half in a day. */
export const gentleBytesPerSecond = 20_000_000
