import { ColorSwatch, Group, Text } from '@mantine/core'

/** A label: its colour as a dot, so that its name can be read on whatever colour somebody chose. */
export function LabelChip({ label }: { readonly label: { readonly name: string; readonly color?: string } }) {
  const { color = '' } = label
  return (
    <Group gap={6} wrap="nowrap" component="span">
      <ColorSwatch
        component="span"
        size={10}
        color={/^#[0-9a-f]{3,8}$/i.test(color) ? color : '#8a94a3'}
        withShadow={false}
      />
      <Text span size="sm">
        {label.name}
      </Text>
    </Group>
  )
}
