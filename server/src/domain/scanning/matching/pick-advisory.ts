import type { Advisory } from '../advisories.ts'

/** Of what several publishers say about one vulnerability of one package: what says how to mend it, then what is judged. */
export function pickAdvisory(advisories: readonly Advisory[]): Advisory {
  const [first, ...others] = advisories
  if (first === undefined) throw new Error('nothing to pick from')
  return others.reduce((best, each) => (worth(each) > worth(best) ? each : best), first)
}

const worth = ({ fixedVersions, severity }: Advisory) =>
  Number(fixedVersions.length > 0) * 2 + Number(severity !== undefined)
