export function buildConsole(options?: { release?: boolean }): Promise<{ built: boolean; pack: string }>
