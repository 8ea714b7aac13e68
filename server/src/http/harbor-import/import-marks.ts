import { artifactsPath } from '../../clients/harbor-paths.ts'
import { judge, type HarborImport } from './harbor-import.ts'

interface MarkedArtifact {
  readonly digest: string
  readonly labels?: readonly { readonly name: string; readonly scope: string }[] | null
}

/** Descriptions of repositories and labels of artifacts, set once the content is here. */
export async function importMarks(context: HarborImport, project: string): Promise<void> {
  const { source, own } = context
  const path = `/projects/${encodeURIComponent(project)}`
  const labels = await ownLabels(context, path)
  for await (const item of source.walk(`${path}/repositories`)) {
    const { name, description } = item as { name: string; description?: string }
    if (description !== undefined && description !== '') {
      const repository = artifactsPath(name).replace(/\/artifacts$/, '')
      judge(context, 'description', name, await own.call('PUT', repository, { description }))
    }
    for await (const artifact of source.walk(`${artifactsPath(name)}?with_label=true&with_tag=false`)) {
      const { digest, labels: worn } = artifact as MarkedArtifact
      for (const label of worn ?? []) {
        const id = labels.get(`${label.scope} ${label.name}`)
        const answer =
          id === undefined
            ? { status: 404, body: undefined, message: `there is no label ${label.name}` }
            : await own.call('POST', `${artifactsPath(name)}/${digest}/labels`, { id })
        judge(context, 'artifact-label', `${name}@${digest}: ${label.name}`, answer)
      }
    }
  }
}

async function ownLabels({ own }: HarborImport, path: string): Promise<ReadonlyMap<string, number>> {
  const { body } = await own.call('GET', path)
  const { project_id: id } = body as { project_id: number }
  const labels = new Map<string, number>()
  for (const query of ['scope=g', `scope=p&project_id=${id}`]) {
    for await (const item of own.walk(`/labels?${query}`)) {
      const label = item as { id: number; name: string; scope: string }
      labels.set(`${label.scope} ${label.name}`, label.id)
    }
  }
  return labels
}
