import type { UseFormReturnType } from '@mantine/form'
import { useTranslations } from 'use-intl'
import { reasonOf, type Reason } from '../api/api-error.ts'

/** The field of a form that a refusal is about. */
type Fields<Values> = Partial<Readonly<Record<Reason, keyof Values & string>>>

/** Puts a refusal at the field that it is about: `onError` for the mutation, and `rest` for what the form shows below. */
export function useRefusal<Values extends object>(form: UseFormReturnType<Values>, fields: Fields<Values>) {
  const t = useTranslations('errors.reasons')
  const fieldOf = (error: unknown) => {
    const reason = reasonOf(error)
    return reason === undefined ? undefined : fields[reason]
  }
  return {
    onError(error: unknown): void {
      const field = fieldOf(error)
      if (field !== undefined) form.setFieldError(field, t(reasonOf(error)!))
    },
    rest: (error: unknown): unknown => (fieldOf(error) === undefined ? error : null),
  }
}
