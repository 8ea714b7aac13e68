export interface AllowedDifference {
  readonly difference: RegExp
  readonly reason: string
}

/** Where our contract may differ from Harbor's, and why. A line that matches nothing any more fails the test. */
export const allowedDifferences: readonly AllowedDifference[] = [
  {
    difference: /\.(deleted|togglable) is missing/,
    reason: 'never true here, and what is false is left out by Harbor too',
  },
  {
    difference: /^GET \/configurations: answer 200\.\w+\.value is string\|number\|boolean/,
    reason: 'one schema for all settings; the type of each value is that of its default',
  },
  {
    difference: /\/replication\/policies.*: body\.(src|dest)_registry\.\w+ is missing/,
    reason: 'the id of a registry says which it is; what else a client sends back is passed over, as in Harbor',
  },
  {
    difference: /^GET \/configurations: answer 200\.scan_all_policy/,
    reason: 'scanning is not built',
  },
  {
    difference: /^GET \/internalconfig: answer 200 is missing/,
    reason: "for Harbor's own components, which are not there",
  },
  {
    difference: /^POST \/projects: parameter header X-Resource-Name-In-Location/,
    reason: 'it is read, but headers are not declared with the routes',
  },
  {
    difference: /body\.cve_allowlist\.(id|creation_time|update_time) is missing/,
    reason: 'the server gives them; what a client sends back is passed over, as in Harbor',
  },
  {
    difference: /webhook\/policies.*: body\.(id|project_id|creation_time|update_time) is missing/,
    reason: 'the server gives them; what a client sends back is passed over, as in Harbor',
  },
  {
    difference: /webhook.*\.(running_task_count|scheduled_task_count|status_message) is missing/,
    reason:
      'a delivery waits, has ended or was stopped, and its log says why; what is zero or empty is left out by Harbor too',
  },
  {
    difference: /^POST \/registries: body\.(status|creation_time|update_time) is missing/,
    reason: 'the server gives them; what a client sends back is passed over, as in Harbor',
  },
  {
    difference: /^PUT \/projects\/\{project_name\}\/repositories\/\{repository_name\}: body\.\w+ is missing/,
    reason: 'only the description can be changed; what else a client sends back is passed over, as in Harbor',
  },
  {
    difference: /^POST \/export\/cve: parameter header X-Scan-Data-Type/,
    reason: 'the header is read without being described',
  },
  {
    difference: /^GET \/export\/cve\/download.*: answer 200 is string, not file/,
    reason: 'OpenAPI 3.1 has no type of files',
  },
  {
    difference: /artifacts.*: parameter header X-Accept-Vulnerabilities/,
    reason: 'the header is read without being described',
  },
  {
    difference: /additions\/vulnerabilities: answer 200 is object, not string/,
    reason: 'Harbor describes a string and answers an object',
  },
  {
    difference: /artifacts.*references\[\]\.platform\.'os\.\w+' is missing/,
    reason: 'they are there, without the quotes that this document writes into their names',
  },
  {
    difference: /^GET \/robots.*answer 200.*\.secret is missing/,
    reason: 'nobody can read a secret, and Harbor leaves the empty field out',
  },
  {
    difference: /^GET \/robots.*\.effect is missing/,
    reason: 'only `allow` is there, and Harbor leaves the empty field out',
  },
  {
    difference: /^GET \/systeminfo: answer 200\.authproxy_settings/,
    reason: 'there is no sign-in by an HTTP authentication proxy',
  },
  {
    difference: /^GET \/systeminfo\/getcert: answer 200 is string, not file/,
    reason: 'the certificate as text (PEM), as Harbor gives it; OpenAPI 3 has no type file',
  },
  {
    difference: /^GET \/users.*oidc_user_meta\.secret is missing/,
    reason: 'only a hash of it is kept: it is told when it is set',
  },
  {
    difference: /^POST \/retentions\/\{id\}\/executions: answer 200 is missing/,
    reason: 'Harbor answers 201 too, which its contract has beside it',
  },
  {
    difference: /^GET \/icons\/\{digest\}: answer 200 is missing/,
    reason: 'artifacts here name no icons, so there is none of any digest',
  },
]
