import { basename } from 'node:path'

/** How this program is called: the executable by its name, a checkout through npm. */
export const programName: string = basename(process.execPath).startsWith('bun') ? 'npm run berth --' : 'berth'
