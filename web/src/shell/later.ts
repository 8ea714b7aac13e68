/** What no page needs at first: menus, dialogues, notices and the palette. Loaded together when the first of them is. */
export { ConfirmDialog } from '../components/confirm-dialog.tsx'
export { StepUpDialog } from '../components/second-factor/step-up-dialog.tsx'
export { BulkDialog } from '../components/bulk-dialog.tsx'
export { CopyByHand } from '../components/copy-by-hand.tsx'
export { ToastArea } from '../components/toast-area.tsx'
export * from './account-menu.tsx'
export { Palette } from './palette.tsx'
export * from '../pages/bundles/shared.ts'
