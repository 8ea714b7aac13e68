import { spawnSync } from 'node:child_process'
import { good, problem, warning, type Finding } from './finding.ts'

/** Before it nothing of Berth existed: a machine that thinks it is earlier has lost its clock. */
const firstRelease = Date.UTC(2026, 0, 1)
const toleratedMs = 5_000
const harmfulMs = 60_000

export function checkClock(now: number, keptByNtp = askTimedatectl): Finding {
  if (now < firstRelease) {
    return problem('clock', `says ${new Date(now).toISOString()}: tokens and certificates will not work`, [
      'timedatectl set-ntp true, or date -s',
    ])
  }
  return good('clock', `${new Date(now).toISOString()}${wordsOf(keptByNtp())}`)
}

/** `yes` or `no`; undefined where systemd does not know. */
function askTimedatectl(): string | undefined {
  const { stdout, status } = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: 2_000,
  })
  return status === 0 ? stdout.trim() : undefined
}

function wordsOf(kept: string | undefined): string {
  if (kept === undefined) return '; nobody says whether NTP keeps it'
  return kept === 'yes' ? ', kept by NTP' : '; NTP does not keep it (timedatectl set-ntp true)'
}

/** Compares another clock with ours: tokens live by both. */
export function judgeSkew(subject: string, theirs: number, ours: number): Finding {
  const skew = Math.round((theirs - ours) / 1000)
  const words = `${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} this machine`
  const remedy = ['let both keep time by NTP: timedatectl set-ntp true']
  if (Math.abs(theirs - ours) > harmfulMs)
    return problem(subject, `is ${words}: tokens are refused as expired or not yet valid`, remedy)
  if (Math.abs(theirs - ours) > toleratedMs) return warning(subject, `is ${words}`, remedy)
  return good(subject, 'agrees with this machine')
}
