/** Errors for which people ask their operator carry the id of their request; two answers are compared without it. */
export function withoutRequestId(text: string): string {
  return text.replace(/ \(request [0-9a-f-]{36}\)|,?"request_id":"[0-9a-f-]{36}"/g, '')
}
