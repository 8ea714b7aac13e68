export const home = {
  title: 'Home',
  greeting: 'Welcome, {name}',
  description: 'Overview of {host}',
  pushImage: 'Push an image',
  projects: 'Projects',
  repositories: 'Repositories',
  pulls: 'Pulls',
  pushes: 'Pushes',
  storage: 'Storage',
  saved: '{share} saved by sharing layers',
  range: 'Period',
  ranges: { day: '24 hours', week: '7 days', month: '30 days', quarter: '90 days' },
  activity: 'Pulls and pushes',
  activityLabel:
    '{pulls, plural, one {# pull} other {# pulls}} and {pushes, plural, one {# push} other {# pushes}} in this period',
  logical: 'Used by projects',
  physical: 'On disk',
  storageLabel: 'Storage over time: projects use {logical}, {physical} on disk',
  busiest: 'Busiest repositories',
  noImagesTitle: 'No images yet',
  noImagesText: 'Push your first image with three commands.',
  attention: 'Needs attention',
  concerns: {
    defaultPassword:
      'The administrator account still has the default password. Anyone who reaches this address can sign in.',
    disk: 'The disk is {share} full; {free} are left. Delete unused artifacts or add storage.',
    certificate:
      'The certificate expires on {when}. Replace the certificate files; the new certificate is loaded automatically.',
    certificateExpired:
      'The certificate expired on {when}, and clients refuse to connect. Replace the certificate files.',
    jobs: '{count, plural, one {# job} other {# jobs}} failed in the last 24 hours.',
    scrub:
      'No integrity check is scheduled, so damaged data is found only when it is pulled. <page>Set a schedule</page>',
    noVulnerabilityData: 'Scans fail because there is no vulnerability data yet. <page>Import data</page>',
    oldVulnerabilityData:
      'The vulnerability data was published on {when}; scans miss what is newer. <page>Import newer data</page>',
    exploited:
      '{count, plural, one {# vulnerability that attackers already use is} other {# vulnerabilities that attackers already use are}} in your images. <page>See what to fix first</page>',
    scanAll:
      'The last scan of all images failed for {count, plural, one {# image} other {# images}}. <page>See which ones</page>',
    signersUnnamed:
      '{count, plural, one {# project asks} other {# projects ask}} for signatures and take those of anybody: images count as signed, by nobody you named. <page>Name a signer</page>',
    quarantine:
      '{count, plural, one {# artifact has} other {# artifacts have}} been in quarantine for more than three days. The project page of pull policies has the list.',
    auditChanged:
      'The audit log is not what was sealed: {count, plural, one {# finding} other {# findings}}. <page>See what was changed</page>',
    auditSinks:
      '{count, plural, one {# receiver of the audit log does} other {# receivers of the audit log do}} not have all of it. <page>See why</page>',
    quota: '<project></project> uses {share} of its {total}. Pushes are refused when the quota is used up.',
    robot: 'Robot {robot} expires on {when} and can no longer sign in after that.',
    robotExpired: 'Robot {robot} expired on {when} and can no longer sign in.',
  },
} as const
