type Json = Readonly<Record<string, unknown>>

/** The operation whose answer, or the rows of it, is the thing that generated clients call by this name. */
export const namesOfThings: Readonly<Record<string, string>> = {
  getProject: 'Project',
  getProjectSummary: 'ProjectSummary',
  getProjectMember: 'ProjectMember',
  getRepository: 'Repository',
  getArtifact: 'Artifact',
  listTags: 'Tag',
  ListLabels: 'Label',
  getUser: 'User',
  getUserGroup: 'UserGroup',
  listPersonalTokens: 'PersonalToken',
  GetRobotByID: 'Robot',
  getQuota: 'Quota',
  getRegistry: 'Registry',
  getRetention: 'RetentionPolicy',
  listRetentionExecutions: 'RetentionExecution',
  listRetentionTasks: 'RetentionTask',
  listSchedules: 'Schedule',
  getJob: 'Job',
  listJobQueues: 'JobQueue',
  getWorkerPools: 'WorkerPool',
  getWorkers: 'Worker',
  getScrub: 'Scrub',
  listScrubFindings: 'ScrubFinding',
  getTrashEntry: 'TrashEntry',
  listTrash: 'TrashEntry',
  listEvents: 'EventPage',
  getStatistic: 'Statistic',
  getSystemInfo: 'SystemInfo',
  getConfigurations: 'Configurations',
  getHealth: 'OverallHealthStatus',
}

interface Operation extends Json {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { content?: Readonly<Record<string, { schema: Json }>> }>>
}

/**
 * The same document with a name for each thing of the registry, so that generated clients have types `Project` and
 * `Artifact`. The answers of several operations have one name where they are the same, letter by letter.
 */
export function withNamedSchemas(document: Json): Json {
  const paths = document['paths'] as Record<string, Record<string, Operation>>
  const named = new Map<string, string>()
  const schemas: Record<string, Json> = {}
  for (const { operationId, responses } of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    const name = namesOfThings[operationId]
    const schema = responses['200']?.content?.['application/json']?.schema
    const thing = (schema?.['type'] === 'array' ? schema['items'] : schema) as Json | undefined
    const text = JSON.stringify(thing)
    if (name === undefined || thing?.['properties'] === undefined || named.has(text) || name in schemas) continue
    named.set(text, name)
    schemas[name] = thing
  }
  const refer = (value: unknown, isRoot = false): unknown => {
    if (Array.isArray(value)) return value.map((each) => refer(each))
    if (typeof value !== 'object' || value === null) return value
    const name = isRoot || !('properties' in value) ? undefined : named.get(JSON.stringify(value))
    if (name !== undefined) return { $ref: `#/components/schemas/${name}` }
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, refer(inner)]))
  }
  const answered = Object.entries(paths).map(([path, methods]) => [
    path,
    Object.fromEntries(
      Object.entries(methods).map(([method, operation]) => [
        method,
        { ...operation, responses: refer(operation.responses) },
      ]),
    ),
  ])
  const components = {
    ...(document['components'] as Json),
    schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, refer(schema, true)])),
  }
  return { ...document, paths: Object.fromEntries(answered), components }
}
