export const firstImage = {
  title: 'Push an image',
  description: 'Copy, paste, done: these commands have the name and port of this registry.',
  project: 'Into project',
  clients: { docker: 'Docker', podman: 'Podman', containerd: 'containerd', kubernetes: 'Kubernetes' },
  askForAuthority: 'Ask the administrator for the file ca.crt.',
  steps: {
    authority: {
      title: 'Get the certificate of the authority',
      text: 'This registry’s certificate comes from a private authority. Compare the fingerprint with what the administrator says.',
    },
    trust: {
      title: 'Trust it',
      text: 'On each machine that pushes or pulls. Nothing needs a restart, but containerd must have config_path = "/etc/containerd/certs.d".',
    },
    plainHttp: {
      title: 'Allow plain HTTP',
      text: 'This registry is reached without TLS: passwords and images can be read on the way. Give it a certificate before others use it.',
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
