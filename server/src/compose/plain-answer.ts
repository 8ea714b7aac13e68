import { composeAcmeChallengeDoor, isAcmeChallenge } from '../http/ca/acme-challenge.ts'
import { isCaPath } from '../http/ca/ca-doors.ts'
import { RateBound } from '../http/ca/rate-bound.ts'
import { splitUrl } from '../http/router.ts'
import type { Acme } from './acme.ts'
import type { Answer, PlainAnswer } from './listeners.ts'

/** A service asks from several places, once or twice for each name. */
const challengesPerMinute = 300

/** Paths that are asked for before a certificate can be checked: the port of plain HTTP answers them itself. */
export function composePlainAnswer(answer: Answer, acme: Acme | undefined): PlainAnswer {
  const answerChallenge =
    acme === undefined
      ? undefined
      : composeAcmeChallengeDoor({
          find: (token) => acme.challenges.find(token),
          bound: new RateBound({ perMinute: challengesPerMinute }),
        })
  return (request, connection) => {
    const { path } = splitUrl(request.url)
    if (answerChallenge !== undefined && isAcmeChallenge(path))
      return answerChallenge(request, path, connection.address())
    return isCaPath(path) ? Promise.resolve(answer(request, connection)) : undefined
  }
}
