import { Badge, Menu, Text } from '@mantine/core'
import { useTranslations } from 'use-intl'
import { DeleteIcon, EditIcon, ForbiddenIcon, SuccessIcon } from '../../../components/icons.ts'
import { RowMenu } from '../../../components/row-menu.tsx'
import styles from './policies.module.css'
import type { RetentionRule } from './retention-policy.ts'
import { useSelectorText } from './rule-selectors.tsx'
import { useRuleText } from './rule-text.ts'

interface RuleListProps {
  readonly rules: readonly RetentionRule[]
  readonly mayChange: boolean
  onEdit(at: number): void
  onReplace(at: number, rule: RetentionRule | undefined): void
}

/** The rules in their order, each with what can be done with it. */
export function RetentionRuleList({ rules, mayChange, onEdit, onReplace }: RuleListProps) {
  const t = useTranslations('policies')
  const common = useTranslations('common')
  const ruleText = useRuleText()
  const selectorText = useSelectorText()
  return (
    <ol className={styles.rules} aria-label={t('rules')}>
      {rules.map((rule, at) => (
        <li key={`${at} ${rule.template}`} className={styles.rule} data-disabled={rule.disabled || undefined}>
          <span className={styles.place}>{at + 1}</span>
          <div className={styles.ruleText}>
            <Text fw={500}>
              {ruleText(rule)}
              {rule.disabled && (
                <Badge variant="default" ml="xs">
                  {t('ruleDisabled')}
                </Badge>
              )}
            </Text>
            <Text size="sm" c="dimmed">
              {selectorText(rule)}
            </Text>
          </div>
          {mayChange && (
            <RowMenu name={t('ruleNumber', { number: at + 1 })}>
              <Menu.Item leftSection={<EditIcon size={15} />} onClick={() => onEdit(at)}>
                {common('edit')}
              </Menu.Item>
              <Menu.Item
                leftSection={rule.disabled ? <SuccessIcon size={15} /> : <ForbiddenIcon size={15} />}
                onClick={() => onReplace(at, { ...rule, disabled: !rule.disabled })}
              >
                {t(rule.disabled ? 'enableRule' : 'disableRule')}
              </Menu.Item>
              <Menu.Item color="red" leftSection={<DeleteIcon size={15} />} onClick={() => onReplace(at, undefined)}>
                {common('remove')}
              </Menu.Item>
            </RowMenu>
          )}
        </li>
      ))}
    </ol>
  )
}
