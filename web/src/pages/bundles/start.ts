/** The first pages after signing in. Loaded together: a file for each page would be forty requests. */
export { FirstImagePage } from '../first-image/first-image-page.tsx'
export { HomePage } from '../home/home-page.tsx'
export * from './shared.ts'
