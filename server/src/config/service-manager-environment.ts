/** What systemd tells a service of `Type=notify`. No settings: people do not write them. */
export interface ServiceManagerEnvironment {
  /** The socket that wants to hear; undefined: nobody does. */
  readonly socket: string | undefined
  /** A process that is silent for so long is taken for hung; 0: nobody watches. */
  readonly watchdogMs: number
}

export const serviceManagerEnvironment = (): ServiceManagerEnvironment => ({
  socket: process.env['NOTIFY_SOCKET'] || undefined,
  watchdogMs: Number(process.env['WATCHDOG_USEC'] ?? 0) / 1_000,
})
