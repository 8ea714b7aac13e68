import { Table, Text } from '@mantine/core'
import { foreignText } from './foreign-text.ts'
import { OutsideLink } from '../../components/outside-link.tsx'

/** Names and values that somebody pushed: labels, annotations, variables. */
export function Pairs({
  label,
  pairs,
}: {
  readonly label: string
  readonly pairs: readonly (readonly [string, unknown])[]
}) {
  return (
    <Table layout="fixed" aria-label={label}>
      <Table.Tbody>
        {pairs.map(([name, value], index) => (
          <Table.Tr key={`${index} ${name}`}>
            <Table.Th scope="row" fw={500} w="35%">
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {name}
              </Text>
            </Table.Th>
            <Table.Td>
              <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
                <OutsideLink to={foreignText(value) ?? ''} />
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
