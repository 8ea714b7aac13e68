import { createHash, randomBytes } from 'node:crypto'

/** What every secret of a personal token begins with, so that scanners of leaked secrets know it. */
const prefix = 'berth_pat_'
const pattern = /^berth_pat_[A-Za-z0-9_-]{43}$/

/** 256 bits that nobody guesses: a plain hash keeps them as well as a slow one. */
export const newPersonalTokenSecret = (): string => prefix + randomBytes(32).toString('base64url')

/** Whether it is written like one; whether there is one, the database knows. */
export const isPersonalToken = (text: string): boolean => pattern.test(text)

/** What the database keeps, and is asked for. */
export const hashPersonalToken = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
