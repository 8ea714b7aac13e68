import { eventKind } from './event-kind.ts'

interface OnRegistry {
  readonly registryId: number
  readonly registry: string
}

const registry = (fields: OnRegistry): string => fields.registry

/** Remote registries. */
export const registryEvents = {
  create_registry: eventKind<OnRegistry>(registry),
  update_registry: eventKind<OnRegistry & { readonly changed: readonly string[] }>(registry),
  delete_registry: eventKind<OnRegistry>(registry),
}
