import { Text } from '@mantine/core'
import { LinkAnchor } from '../../../components/links.tsx'
import { artifactAddress } from '../../../shell/addresses.ts'

interface ImageLinkProps {
  readonly image: { readonly repository_name: string; readonly digest: string; readonly tags?: readonly string[] }
}

/** An artifact by its repository and newest tag, with the way to its findings. */
export function ImageLink({ image: { repository_name: repository, digest, tags = [] } }: ImageLinkProps) {
  const name = tags[0] === undefined ? `@${digest.slice(0, 19)}` : `:${tags[0]}`
  return (
    <LinkAnchor
      {...artifactAddress(repository, digest)}
      search={{ tab: 'vulnerabilities' } as never}
      c="inherit"
      fw={500}
      underline="hover"
      truncate
      title={`${repository}${name}`}
    >
      {repository}
      <Text span c="dimmed" fw={400}>
        {name}
      </Text>
    </LinkAnchor>
  )
}
