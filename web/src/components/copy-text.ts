/**
 * Puts a text on the clipboard; false when the browser refuses. `navigator.clipboard` is there on https:// and localhost only, so
 * a registry on plain HTTP copies in the old way, through a selected field.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // No such object on this origin, or no permission: the other way asks for neither.
    return copyBySelection(text)
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.setAttribute('aria-hidden', 'true')
  // In sight, or some browsers select nothing; at the corner, so that the page does not scroll.
  field.style.cssText = 'position:fixed;top:0;left:0;width:1px;height:1px;opacity:0'
  // A dialogue takes the focus back from what lies outside it.
  const place = before?.closest('[role=dialog]') ?? document.body
  place.append(field)
  field.select()
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    field.remove()
    if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
}
