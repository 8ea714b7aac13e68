export const secretOnce = {
  onceTitle: 'Save the secret now',
  onceText: 'It is shown only once. If you lose it, create a new one.',
  username: 'Username',
  secret: 'Secret',
  copyAs: 'Copy as',
  done: 'Done, I saved it',
  forms: {
    docker: 'docker login',
    kubernetes: 'Kubernetes',
    github: 'GitHub Actions',
    gitlab: 'GitLab CI',
  },
  steps: {
    login: 'Run in a terminal. The secret is not part of docker’s arguments.',
    manifest: 'An image pull secret. Apply it with kubectl in the namespace of your pods.',
    podSpec: 'Add it to the spec of your pods, or to their service account.',
    githubSecrets: 'Run once in a checkout of the repository.',
    githubStep: 'Add it to the workflow before the steps that pull or push.',
    gitlabVariables: 'Run once in a checkout of the project.',
    gitlabJob: 'Add it to the job in .gitlab-ci.yml that pulls or pushes.',
  },
} as const
