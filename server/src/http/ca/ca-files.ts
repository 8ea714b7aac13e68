import { X509Certificate } from 'node:crypto'
import installForWindows from './install.ps1' with { type: 'text' }
import install from './install.sh' with { type: 'text' }
import kubernetes from './kubernetes.yaml' with { type: 'text' }

/** The root that clients are told to trust, for the registry by the name that they use. */
export interface TrustedRoot {
  /** PEM. */
  readonly certificate: string
  /** `registry.example.com:8443`, as it stands in the names of images. */
  readonly host: string
}

const hostPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/

/** Whether a host can stand in a script, whatever a client wrote into its request. */
export const canBeNamed = (host: string): boolean => hostPattern.test(host)

/** For docker, podman, containerd, k3s and the system of Linux, and for macOS. POSIX sh. */
export const installScript = (root: TrustedRoot): string => filled(install, root)

/** For Windows. PowerShell. */
export const windowsScript = (root: TrustedRoot): string => filled(installForWindows, root)

/** A DaemonSet that runs the script on every node of a cluster. */
export function kubernetesManifest(root: TrustedRoot): string {
  const script = installScript(root).trimEnd().split('\n')
  const indented = script.map((line) => (line === '' ? '' : `    ${line}`)).join('\n')
  return filled(
    kubernetes.replace('@INSTALL@', () => indented),
    root,
  )
}

/** SHA-256 of the root, as openssl writes it. */
export const rootFingerprint = ({ certificate }: TrustedRoot): string => new X509Certificate(certificate).fingerprint256

function filled(template: string, root: TrustedRoot): string {
  if (!canBeNamed(root.host)) throw new TypeError(`${root.host} cannot stand in a script`)
  const fingerprint = rootFingerprint(root)
  const values: Readonly<Record<string, string>> = {
    HOST: root.host,
    FINGERPRINT: fingerprint,
    NAME: `berth-ca-${fingerprint.replaceAll(':', '').slice(0, 12).toLowerCase()}`,
    ROOT: root.certificate.trim(),
  }
  return template.replaceAll(/@(HOST|FINGERPRINT|NAME|ROOT)@/g, (_, name: string) => values[name]!)
}
