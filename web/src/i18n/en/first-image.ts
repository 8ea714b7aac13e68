export const firstImage = {
  title: 'Push an image',
  description: 'Copy and paste: these commands contain the address of this registry.',
  project: 'Project',
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
      title: 'Get the CA certificate',
      text: 'A private CA signed the certificate of this registry. Compare the fingerprint with the one your administrator gives you.',
    },
    trust: {
      title: 'Trust the certificate',
      text: 'Run this on each machine that pushes or pulls.',
    },
    plainHttp: {
      title: 'Allow plain HTTP',
      text: 'This registry does not use TLS: passwords and images can be read in transit. Set up TLS before others use it.',
    },
    signIn: { title: 'Sign in', text: 'Enter your password when asked. Use a robot account for automation.' },
    push: { title: 'Push', text: 'Any image works; this one is small.' },
    pull: { title: 'Pull', text: 'Images in public projects can be pulled without an account.' },
    secret: {
      title: 'Create a pull secret',
      text: 'Use a robot account that can only pull, and set PASSWORD to its secret first.',
    },
    pod: { title: 'Run the image', text: 'containerd on every node must trust this registry as described above.' },
  },
} as const
