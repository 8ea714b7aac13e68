import { isCaPath } from '../http/ca/ca-doors.ts'
import { splitUrl } from '../http/router.ts'
import type { Answer, PlainAnswer } from './listeners.ts'

/** Paths that clients ask for before they can check a certificate: the port of plain HTTP answers them itself. */
export function composePlainAnswer(answer: Answer): PlainAnswer {
  return (request, connection) => {
    if (!isCaPath(splitUrl(request.url).path)) return undefined
    return Promise.resolve(answer(request, connection))
  }
}
