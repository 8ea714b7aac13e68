import { Alert } from '@mantine/core'
import { ErrorIcon } from './icons.ts'
import { HelpLink } from './guide-link.tsx'
import { ErrorText } from './states.tsx'

/** Why a form was refused. */
export function FormError({ error }: { readonly error: unknown }) {
  return (
    <Alert color="red" variant="light" icon={<ErrorIcon size={18} />} role="alert">
      <ErrorText error={error} /> <HelpLink error={error} />
    </Alert>
  )
}
