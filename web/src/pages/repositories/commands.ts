/** What clients are told to run. Names of programs and their flags are the same in every language. */

/** Where this registry is reached: what stands before the name of every image. */
export const registryHost = (): string => window.location.host

/** `registry.example.com/library/app:v1`, or with a digest. */
export function imageName(repository: string, reference: string): string {
  return `${registryHost()}/${repository}${reference.includes(':') ? '@' : ':'}${reference}`
}

export interface ClientCommand {
  readonly client: string
  readonly command: string
}

export function pullCommands(type: string, repository: string, reference: string): readonly ClientCommand[] {
  const name = imageName(repository, reference)
  if (type === 'CHART') {
    const version = reference.includes(':') ? '' : ` --version ${reference}`
    return [
      { client: 'helm', command: `helm pull oci://${registryHost()}/${repository}${version}` },
      { client: 'helm install', command: `helm install my-release oci://${registryHost()}/${repository}${version}` },
    ]
  }
  if (type !== 'IMAGE') return [{ client: 'oras', command: `oras pull ${name}` }]
  return [
    { client: 'docker', command: `docker pull ${name}` },
    { client: 'podman', command: `podman pull ${name}` },
    { client: 'containerd', command: `ctr images pull ${name}` },
    { client: 'skopeo', command: `skopeo copy docker://${name} oci:image` },
  ]
}

export function pushCommands(project: string): readonly ClientCommand[] {
  const target = `${registryHost()}/${project}`
  const image = (program: string) =>
    [
      `${program} login ${registryHost()}`,
      `${program} tag my-image ${target}/my-image:v1`,
      `${program} push ${target}/my-image:v1`,
    ].join('\n')
  return [
    { client: 'docker', command: image('docker') },
    { client: 'podman', command: image('podman') },
    { client: 'helm', command: `helm registry login ${registryHost()}\nhelm push my-chart-1.0.0.tgz oci://${target}` },
    { client: 'oras', command: `oras login ${registryHost()}\noras push ${target}/my-file:v1 ./file.txt` },
  ]
}
