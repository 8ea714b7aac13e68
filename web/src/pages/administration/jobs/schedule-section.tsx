import { Button, Select, Text, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useDisclosure } from '@mantine/hooks'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { AnswerOf } from '../../../api/client.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { Section } from '../../../components/page.tsx'
import { toast } from '../../../components/toast.ts'
import { Facts, RelativeTime } from '../../../components/values.tsx'
import { useCronText } from './cron-text.ts'

type Schedule = AnswerOf<'GET /system/scrub/schedule'>['schedule']
export type ScheduleType = 'None' | 'Hourly' | 'Daily' | 'Weekly' | 'Custom'

/** What the API takes as a schedule. */
export interface ScheduleWish {
  readonly type: ScheduleType
  readonly cron?: string
  readonly time_zone?: string
}

interface ScheduleSectionProps {
  /** Default: Schedule. */
  readonly title?: string
  /** What is said where there is none. */
  readonly none?: string
  /** None: it does not run by itself. */
  readonly schedule: Schedule | undefined
  /** What a run does, beside when it comes. */
  readonly options?: ReactNode
  /** Fields of the form for it. */
  readonly fields?: ReactNode
  save(wish: ScheduleWish): Promise<unknown>
}

const types = ['None', 'Hourly', 'Daily', 'Weekly', 'Custom'] as const
/** Of the browser: an operator means their own night. */
const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

/** When something runs by itself, and a form to change it. */
export function ScheduleSection({ title, none, schedule, options, fields, save }: ScheduleSectionProps) {
  const t = useTranslations('jobs.schedule')
  const common = useTranslations('common')
  const cronText = useCronText()
  const [opened, { open, close }] = useDisclosure()
  const form = useForm({
    initialValues: { type: 'None' as ScheduleType, cron: '', zone: ownZone },
    validate: {
      cron: (cron, { type }) => (type === 'Custom' && cron.trim().split(/\s+/).length !== 6 ? t('cronHint') : null),
    },
  })
  const change = useMutation({
    mutationFn: async ({ type, cron, zone }: typeof form.values) =>
      await save({
        type,
        ...(type === 'Custom' ? { cron: cron.trim() } : {}),
        ...(type === 'None' ? {} : { time_zone: zone.trim() }),
      }),
    onSuccess: () => {
      close()
      toast(t('saved'))
    },
  })
  const edit = () => {
    form.setValues({
      type: types.find((type) => type === schedule?.type) ?? 'None',
      cron: schedule?.cron ?? '',
      zone: schedule?.time_zone ?? ownZone,
    })
    change.reset()
    open()
  }
  return (
    <Section
      title={title ?? t('title')}
      actions={
        <Button variant="default" size="compact-md" onClick={edit}>
          {t('edit')}
        </Button>
      }
    >
      {schedule === undefined ? (
        <Text c="dimmed">{none ?? t('none')}</Text>
      ) : (
        <Facts
          facts={[
            [t('type'), cronText(schedule.cron ?? '')],
            [t('zone'), schedule.time_zone ?? ''],
            [t('next'), <RelativeTime key="next" time={schedule.next_scheduled_time} />],
          ]}
        />
      )}
      {schedule !== undefined && options}
      <ModalForm
        opened={opened}
        onClose={close}
        title={t('edit')}
        submitLabel={common('save')}
        pending={change.isPending}
        error={change.error}
        onSubmit={form.onSubmit((values) => change.mutate(values))}
      >
        <Select
          label={t('type')}
          data={types.map((value) => ({ value, label: t(`types.${value}`) }))}
          allowDeselect={false}
          data-autofocus
          {...form.getInputProps('type')}
        />
        {form.values.type === 'Custom' && (
          <TextInput
            label={t('cron')}
            description={t('cronHint')}
            spellCheck={false}
            autoComplete="off"
            {...form.getInputProps('cron')}
          />
        )}
        {form.values.type !== 'None' && (
          <>
            <TextInput label={t('zone')} spellCheck={false} autoComplete="off" {...form.getInputProps('zone')} />
            {fields}
          </>
        )}
      </ModalForm>
    </Section>
  )
}
