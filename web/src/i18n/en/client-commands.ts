/** Beside the commands for clients. */
export const clientCommands = {
  howTo: 'Show me how',
  needs: {
    dockerPlainHttp: 'This registry has no TLS, and Docker has no option for that: its daemon must be told once.',
    dockerAuthority:
      'A private authority signed the certificate of this registry, and Docker has no option for that: it must be told once.',
    containerdLoopback: 'containerd uses plain HTTP for loopback addresses unless its settings say otherwise.',
    authorityFile:
      'The file berth-ca.crt is the certificate of the authority that signed this registry’s certificate. Download it first.',
  },
} as const
