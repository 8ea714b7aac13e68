export const firstImage = {
  title: 'Push an image',
  description: 'Copy, paste, done: these commands have the name and port of this registry.',
  project: 'Into project',
  clients: { docker: 'Docker', podman: 'Podman', containerd: 'containerd', kubernetes: 'Kubernetes' },
  askForAuthority: 'Ask the administrator for the file berth-ca.crt.',
  configPath:
    'containerd reads this only with config_path = "/etc/containerd/certs.d" in its config.toml (below [plugins."io.containerd.grpc.v1.cri".registry]). containerd 1.6 and 1.7 leave it empty: set it, then restart containerd.',
  loopbackTitle: '{host} means a different machine on every machine',
  loopbackText:
    'These commands work on the machine of the registry only. For others, open this page by a host name that they can reach.',
  loopbackCluster:
    'Nodes of a cluster look for the registry on themselves. Open this page by a host name that the nodes can reach.',
  noProjectTitle: 'You cannot push to any project',
  noProjectText: 'Ask an administrator of the project for the Developer role.',
  steps: {
    authority: {
      title: 'Get the certificate of the authority',
      text: 'This registry’s certificate comes from a private authority. Compare the fingerprint with what the administrator says.',
    },
    trust: {
      title: 'Trust it',
      text: 'On each machine that pushes or pulls.',
    },
    plainHttp: {
      title: 'Allow plain HTTP',
      text: 'This registry is reached without TLS: passwords and images can be read on the way. Set up TLS before others use it.',
    },
    signIn: { title: 'Sign in', text: 'It asks for your password. Programs sign in as a robot, not as you.' },
    push: { title: 'Push', text: 'Any image will do; this one is the smallest.' },
    pull: { title: 'Pull it, from anywhere', text: 'In a public project this needs no account.' },
    secret: {
      title: 'Give the cluster a secret',
      text: 'Better that of a robot which may only pull. Put its secret into PASSWORD first.',
    },
    pod: { title: 'Run the image', text: 'On every node, containerd must trust this registry as above.' },
  },
} as const
