/** What somebody sees who has not signed in. Loaded together: a file for each page would be forty requests. */
export { FirstRunPage } from '../first-run/first-run-page.tsx'
export { SignInPage } from '../sign-in/sign-in-page.tsx'
export { OnboardingPage } from '../sign-in/onboarding-page.tsx'
