import type { Database } from 'bun:sqlite'

/** Images that nobody deletes: rows as pushes leave them, without bytes. */
export function addRows(database: Database, images: number): void {
  const repository = database
    .query<{ id: number; project_id: number }, []>('select id, project_id from repository')
    .get()
  if (repository === null) throw new Error('there is no repository yet')
  const numbers = `with recursive number (n) as (select 1 union all select n + 1 from number where n < ${images})`
  const digest = (prefix: string) => `'sha256:${prefix}' || printf('%062d', n)`
  database.run('pragma synchronous = off')
  database.transaction(() => {
    database.run(`insert into blob (digest, size, location, state, condemned_at, created_at)
      ${numbers} select ${digest('aa')}, 1000, 'made/' || n, 'live', null, 0 from number`)
    database.run(`insert into repository_blob (repository_id, digest, protected_until, created_at)
      ${numbers} select ${repository.id}, ${digest('aa')}, 0, 0 from number`)
    const first =
      1 + Number(database.query<{ last: number }, []>('select max(id) as last from artifact').get()?.last ?? 0)
    database.run(`insert into artifact (id, repository_id, digest, media_type, artifact_type, manifest_size, size,
        subject_digest, annotations, pushed_at, pulled_at)
      ${numbers} select ${first} + n, ${repository.id}, ${digest('bb')}, 'application/vnd.oci.image.manifest.v1+json',
        'application/vnd.oci.image.config.v1+json', 500, 1500, null, null, 0, null from number`)
    database.run(`insert into artifact_blob (artifact_id, repository_id, digest)
      ${numbers} select ${first} + n, ${repository.id}, ${digest('aa')} from number`)
    database.run(`insert into tag (repository_id, name, artifact_id, pushed_at, pulled_at)
      ${numbers} select ${repository.id}, 'made-' || n, ${first} + n, 0, null from number`)
    database.run(`insert into project_blob (project_id, digest, size)
      ${numbers} select ${repository.project_id}, ${digest('aa')}, 1000 from number`)
  })()
}
