/**
 * What most pages are made of. Every bundle exports all of it, so that the bundler puts it into one file: by itself it makes a
 * file for each combination of pages that share something, which were forty for a list of repositories. A component that one
 * area needs, or that is large, stays out. Nobody imports from here.
 */
export {
  Autocomplete,
  Checkbox,
  ColorSwatch,
  Menu,
  Modal,
  Pill,
  Popover,
  Progress,
  Select,
  SimpleGrid,
  Tabs,
  TextInput,
  Textarea,
  Tooltip,
} from '@mantine/core'
export { useForm } from '@mantine/form'
export { useClickOutside, useDebouncedValue, useDisclosure, useMediaQuery } from '@mantine/hooks'
export { useMutation, useQueries } from '@tanstack/react-query'
export * from '#contract/artifact-types.ts'
export * from '../../api/batch.ts'
export * from '../../api/paged-rows.ts'
export * from '../../clients/command-tabs.tsx'
export * from '../../clients/commands.ts'
export * from '../../clients/registry.ts'
export * from '../../components/bulk.ts'
export * from '../../components/copy-button.tsx'
export * from '../../components/copy-text.ts'
export * from '../../components/data-list.tsx'
export * from '../../components/form-error.tsx'
export * from '../../components/icons.ts'
export * from '../../components/modal-form.tsx'
export * from '../../components/outside-link.tsx'
export * from '../../components/row-menu.tsx'
export * from '../../components/search-field.tsx'
export * from '../../components/selection.ts'
export * from '../../components/stat-tile.tsx'
export * from '../../components/use-refusal.ts'
export * from '../../shell/addresses.ts'
export * from '../artifacts/artifact-graph-query.ts'
export * from '../artifacts/type-name.ts'
export * from '../artifacts/label-chip.tsx'
export * from '../project/signers/signer-list.tsx'
export * from '../project/pull-policies/ask-for-exemption.tsx'
export * from '../project/pull-policies/exemption-list.tsx'
export * from '../project/pull-policies/policy-list.tsx'
export * from '../project/storage-quota.tsx'
export * from '../project/use-project.ts'
export * from '../projects/role-name.ts'
export * from '../../components/outside-target.ts'
export * from '../../components/tab-links.tsx'
export * from '../administration/audit/audit-words.ts'
export * from '../project/project-frame.tsx'
export * from '../projects/visibility.tsx'
export * from '../../clients/use-registry.ts'
export * from '../../components/download.ts'
export * from '../../components/notice.tsx'
export * from '../project/allowlist/allowlist.ts'
export * from '../project/allowlist/allowlist-editor.tsx'
