import { eventKind, type PerhapsInProject } from './event-kind.ts'

interface OnRobot extends PerhapsInProject {
  readonly robotId: number
  /** As it signs in. */
  readonly robot: string
}

interface OnTrustRule extends PerhapsInProject {
  readonly ruleId: number
  readonly robotId: number
}

const robot = (fields: OnRobot): string => fields.robot
const robotOfRule = ({ robotId }: OnTrustRule): string => `robot ${robotId}`

export const robotEvents = {
  create_robot: eventKind<OnRobot>(robot),
  update_robot: eventKind<OnRobot & { readonly changed: readonly string[] }>(robot),
  delete_robot: eventKind<OnRobot>(robot),
  create_trust_rule: eventKind<OnTrustRule>(robotOfRule),
  delete_trust_rule: eventKind<OnTrustRule>(robotOfRule),
}
