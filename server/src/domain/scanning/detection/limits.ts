const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib

/** How much of what somebody else packed is looked at. Beyond one of these a layer or a file gets a verdict, and the scan goes on. */
export interface DetectionLimits {
  readonly maxCompressedBytes: number
  readonly maxUncompressedBytes: number
  /** Uncompressed to compressed, asked from `ratioFreeBytes` on: small archives of zeros are no danger. */
  readonly maxRatio: number
  readonly ratioFreeBytes: number
  /** Of a layer, or files of a folder. */
  readonly maxEntries: number
  readonly maxPathBytes: number
  readonly maxPathDepth: number
  /** Whiteouts and other paths that are kept of a layer, and the sum of their lengths. */
  readonly maxKeptPaths: number
  readonly maxKeptPathBytes: number
  readonly maxPackages: number
  /** Archives within archives within a file: a jar in a war in an ear is 2. */
  readonly maxArchiveDepth: number
  /** Archives and entries that are opened inside of one file, all levels together. */
  readonly maxArchiveEntries: number
  /** Bytes that the archives inside of one file may have uncompressed, all levels together. */
  readonly maxArchiveBytes: number
  /** A file that is larger is read from the disk where there is a place for it, else it gets a verdict. */
  readonly maxFileBytesInMemory: number
  /** zstd: log2 of the window. The format's default for `--ultra` is 27; every reader must have 23. */
  readonly maxZstdWindowLog: number
}

export const defaultLimits: DetectionLimits = {
  maxCompressedBytes: 20 * gib,
  maxUncompressedBytes: 64 * gib,
  maxRatio: 250,
  ratioFreeBytes: 256 * mib,
  maxEntries: 3_000_000,
  maxPathBytes: 4_096,
  maxPathDepth: 256,
  maxKeptPaths: 300_000,
  maxKeptPathBytes: 24 * mib,
  maxPackages: 200_000,
  maxArchiveDepth: 5,
  maxArchiveEntries: 200_000,
  maxArchiveBytes: gib,
  maxFileBytesInMemory: 64 * mib,
  maxZstdWindowLog: 27,
}
