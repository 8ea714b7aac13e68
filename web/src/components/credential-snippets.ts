/** A name and a secret by which a program signs in to this registry. */
export interface Credential {
  readonly username: string
  readonly secret: string
}

export const credentialForms = ['docker', 'kubernetes', 'github', 'gitlab'] as const
export type CredentialForm = (typeof credentialForms)[number]

/** What to paste, and where it goes when that is a file. */
export interface Snippet {
  /** The key of a text that says what it is for. */
  readonly step: 'login' | 'manifest' | 'podSpec' | 'githubSecrets' | 'githubStep' | 'gitlabVariables' | 'gitlabJob'
  readonly text: string
}

/** The same credential as the places want it that it goes to. `host` as in the name of an image. */
export function snippetsOf(form: CredentialForm, credential: Credential, host: string): readonly Snippet[] {
  return snippets[form](credential, host)
}

const snippets: Readonly<Record<CredentialForm, (credential: Credential, host: string) => readonly Snippet[]>> = {
  docker: ({ username, secret }, host) => [
    {
      step: 'login',
      text: `printf %s ${quoted(secret)} |\n  docker login ${host} -u ${quoted(username)} --password-stdin`,
    },
  ],
  kubernetes: (credential, host) => [
    { step: 'manifest', text: pullSecret(credential, host) },
    { step: 'podSpec', text: `spec:\n  imagePullSecrets:\n    - name: ${secretName(credential.username)}` },
  ],
  github: ({ username, secret }, host) => [
    {
      step: 'githubSecrets',
      text: `gh secret set REGISTRY_USERNAME --body ${quoted(username)}\ngh secret set REGISTRY_PASSWORD --body ${quoted(secret)}`,
    },
    {
      step: 'githubStep',
      text: [
        '- uses: docker/login-action@v3',
        '  with:',
        `    registry: ${host}`,
        '    username: ${{ secrets.REGISTRY_USERNAME }}',
        '    password: ${{ secrets.REGISTRY_PASSWORD }}',
      ].join('\n'),
    },
  ],
  gitlab: ({ username, secret }, host) => [
    {
      step: 'gitlabVariables',
      // Raw: GitLab would take the $ in the name of a robot for a variable.
      text: `glab variable set REGISTRY_USERNAME ${quoted(username)} --raw\nglab variable set REGISTRY_PASSWORD ${quoted(secret)} --raw --masked`,
    },
    {
      step: 'gitlabJob',
      text: [
        'before_script:',
        `  - printf %s "$REGISTRY_PASSWORD" | docker login ${host} -u "$REGISTRY_USERNAME" --password-stdin`,
      ].join('\n'),
    },
  ],
}

function pullSecret({ username, secret }: Credential, host: string): string {
  const auth = base64(`${username}:${secret}`)
  const config = JSON.stringify({ auths: { [host]: { username, password: secret, auth } } })
  return [
    'apiVersion: v1',
    'kind: Secret',
    'metadata:',
    `  name: ${secretName(username)}`,
    'type: kubernetes.io/dockerconfigjson',
    'stringData:',
    `  .dockerconfigjson: '${config.replaceAll("'", "''")}'`,
  ].join('\n')
}

/** `robot$platform+ci` → `robot-platform-ci`: a name that Kubernetes takes. */
function secretName(username: string): string {
  const plain = username
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replaceAll(/^-+|-+$/g, '')
  return plain === '' ? 'registry' : plain
}

/** A word for a shell: robots are called robot$ci. */
const quoted = (text: string): string => (/^[\w@.+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)

const base64 = (text: string): string => btoa(String.fromCharCode(...new TextEncoder().encode(text)))
