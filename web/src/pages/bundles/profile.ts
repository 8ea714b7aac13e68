/** Pages about oneself. Loaded together: a file for each page would be forty requests. */
export { ProfilePage } from '../profile/profile-page.tsx'
export { TokensPage } from '../profile/tokens-page.tsx'
export * from './shared.ts'
