/** How somebody signs, in the order in which it is offered. */
export const signerKinds = ['key', 'certificate', 'keyless', 'notation'] as const

/** What the form has; fields of other kinds keep what was written, and are not sent. */
export interface SignerDraft {
  name: string
  kind: (typeof signerKinds)[number]
  publicKey: string
  certificates: string
  subject: string
  issuer: string
  trustedRoot: string
  trustPolicy: string
  /** PEM, by the name that the policy gives the store. */
  trustStores: Record<string, string>
  revocationLists: string
}

export const emptyDraft: SignerDraft = {
  ...{ name: '', kind: 'key', publicKey: '', certificates: '', subject: '', issuer: '' },
  ...{ trustedRoot: '', trustPolicy: '', trustStores: {}, revocationLists: '' },
}

/** The definition as the API takes it. */
export function definitionOf(draft: SignerDraft) {
  const lists = draft.revocationLists.trim() === '' ? {} : { revocation_lists: draft.revocationLists }
  const subject = draft.subject.trim()
  switch (draft.kind) {
    case 'key':
      return { kind: 'key' as const, public_key: draft.publicKey }
    case 'certificate':
      return {
        kind: 'certificate' as const,
        certificates: draft.certificates,
        ...(subject === '' ? {} : { subject }),
        ...lists,
      }
    case 'keyless':
      return {
        kind: 'keyless' as const,
        issuer: draft.issuer.trim(),
        subject,
        trusted_root: readObject(draft.trustedRoot) ?? {},
      }
    case 'notation': {
      const stores = storesNamed(draft.trustPolicy).map((store) => [store, draft.trustStores[store] ?? ''])
      return {
        kind: 'notation' as const,
        trust_policy: readObject(draft.trustPolicy) ?? {},
        trust_stores: Object.fromEntries(stores) as Record<string, string>,
        ...lists,
      }
    }
  }
}

/** Undefined for text that is no JSON object. The server reads it again, within its limits. */
export function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The trust stores that a policy names, each once: the form asks for the certificates of each. */
export function storesNamed(policy: string): readonly string[] {
  const statements = readObject(policy)?.['trustPolicies']
  if (!Array.isArray(statements)) return []
  const stores = statements.flatMap((statement: { trustStores?: unknown } | null) => statement?.trustStores ?? [])
  return [...new Set(stores.filter((store) => typeof store === 'string'))]
}
