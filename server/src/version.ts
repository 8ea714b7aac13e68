import manifest from '../../package.json' with { type: 'json' }

export const version: string = manifest.version

/** The release of Harbor whose REST API this is; its clients read it out of our version. */
export const harborRelease = 'v2.15.2'
