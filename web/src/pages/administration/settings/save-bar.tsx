import { Button, Group } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { FormError } from '../../../components/form-error.tsx'
import type { useSettingChanges } from './use-setting-changes.ts'

/** Under the fields: saves what was changed, or forgets it. */
export function SaveBar({ editing }: { readonly editing: ReturnType<typeof useSettingChanges> }) {
  const t = useTranslations('settings')
  const common = useTranslations('common')
  const { changed, save, discard } = editing
  const count = Object.keys(changed).length
  return (
    <>
      {save.error !== null && <FormError error={save.error} />}
      <Group gap="xs">
        <Button disabled={count === 0} loading={save.isPending} onClick={() => save.mutate()}>
          {common('save')}
        </Button>
        {count > 0 && (
          <Button variant="default" onClick={discard}>
            {t('discard', { count })}
          </Button>
        )}
      </Group>
    </>
  )
}
