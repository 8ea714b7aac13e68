import { Checkbox, NumberInput, Select, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { query } from '../../../api/queries.ts'
import { ModalForm } from '../../../components/modal-form.tsx'
import { templateNamed, valueOf, type RetentionRule } from './retention-policy.ts'
import { SelectorInputs, selectorFieldsOf, selectorsOf } from './rule-selectors.tsx'

interface RetentionRuleFormProps {
  /** None: a new one. */
  readonly rule: RetentionRule | undefined
  onClose(): void
  onDone(rule: RetentionRule): void
}

/** A rule of the draft. Nothing is sent: the policy is saved as a whole, after its preview. */
export function RetentionRuleForm({ rule, onClose, onDone }: RetentionRuleFormProps) {
  const t = useTranslations('policies')
  const { data: metadata } = useQuery({ ...query('GET /retentions/metadatas'), staleTime: Infinity })
  const [template, setTemplate] = useState(rule?.template ?? 'latestPushedK')
  const [value, setValue] = useState<number | string>(rule === undefined ? 10 : valueOf(rule))
  const [selectors, setSelectors] = useState(() => selectorFieldsOf(rule))
  const [untagged, setUntagged] = useState(() => includesUntagged(rule))
  const [missing, setMissing] = useState(false)
  const offered = metadata?.templates.map(({ rule_template }) => rule_template) ?? []
  const names = [...new Set([...offered, template])]
  const needsValue = template !== 'always'
  const submit = () => {
    if (needsValue && !(Number(value) >= 1)) return setMissing(true)
    onDone({
      id: rule?.id ?? 0,
      priority: rule?.priority ?? 0,
      disabled: rule?.disabled ?? false,
      action: 'retain',
      template,
      params: needsValue ? { [template]: Number(value) } : {},
      ...selectorsOf(selectors, rule, JSON.stringify({ untagged })),
    })
  }
  return (
    <ModalForm
      opened
      onClose={onClose}
      size="lg"
      title={t(rule === undefined ? 'newRule' : 'editRule')}
      submitLabel={t('takeRule')}
      pending={false}
      error={null}
      onSubmit={(event) => {
        event?.preventDefault()
        submit()
      }}
    >
      <Select
        label={t('keep')}
        data={names.map((name) => {
          const known = templateNamed(name)
          return { value: name, label: known === undefined ? name : t(`templateNames.${known}`) }
        })}
        value={template}
        allowDeselect={false}
        data-autofocus
        onChange={(next) => next !== null && setTemplate(next)}
      />
      {needsValue && (
        <NumberInput
          label={t(/[KN]$/.test(template) ? 'howMany' : 'howManyDays')}
          value={value}
          min={1}
          allowDecimal={false}
          error={missing ? t('valueNeeded') : undefined}
          onChange={setValue}
        />
      )}
      <SelectorInputs values={selectors} onChange={setSelectors} />
      <Checkbox
        label={t('untagged')}
        checked={untagged}
        onChange={(event) => setUntagged(event.currentTarget.checked)}
      />
      <Text size="sm" c="dimmed">
        {t('patternHint')}
      </Text>
    </ModalForm>
  )
}

/** Harbor's `extras`. */
function includesUntagged(rule: RetentionRule | undefined): boolean {
  const [first] = rule?.tag_selectors ?? []
  if (first?.extras === undefined) return rule === undefined
  return first.extras.includes('true')
}
