import { Stack } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { ProjectFrame } from '../project-frame.tsx'
import { Immutability } from './immutability-section.tsx'
import { ProtectedTags } from './protected-tags-section.tsx'
import { Quota } from './quota-section.tsx'
import { Retention } from './retention-section.tsx'

const route = getRouteApi('/shell/signed-in/projects/$projectName/policies')

export function PoliciesPage() {
  const { projectName } = route.useParams()
  return (
    <ProjectFrame projectName={projectName} tab="policies">
      {(props) => (
        <Stack gap="lg">
          {props.can('tag-retention', 'read') && <Retention {...props} />}
          {props.can('immutable-tag', 'list') && <Immutability {...props} />}
          {props.can('configuration', 'read') && <ProtectedTags {...props} />}
          {props.can('quota', 'read') && <Quota {...props} />}
        </Stack>
      )}
    </ProjectFrame>
  )
}
