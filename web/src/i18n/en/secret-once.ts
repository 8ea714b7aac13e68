export const secretOnce = {
  onceTitle: 'Keep the secret now',
  onceText: 'It is shown this once and cannot be looked up later. If it is lost, make a new one.',
  username: 'Username',
  secret: 'Secret',
  copyAs: 'Copy as',
  done: 'I have kept it',
  forms: {
    docker: 'docker login',
    kubernetes: 'Kubernetes',
    github: 'GitHub Actions',
    gitlab: 'GitLab CI',
  },
  steps: {
    login: 'In a terminal; the secret is not among the arguments of docker.',
    manifest: 'A secret for pulling: kubectl apply -f it in the namespace of your pods.',
    podSpec: 'In the specification of a pod, or of the service account of your pods.',
    githubSecrets: 'Once, in a checkout of the repository.',
    githubStep: 'In the workflow, before images are pulled or pushed.',
    gitlabVariables: 'Once, in a checkout of the project.',
    gitlabJob: 'In .gitlab-ci.yml, in the job that pulls or pushes.',
  },
} as const
