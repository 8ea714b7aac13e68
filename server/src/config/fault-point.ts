/**
 * The place where a crash test stops the process; undefined outside of tests. It is no setting, so that users do not
 * meet it by accident.
 */
export const requestedFaultPoint = (): string | undefined => process.env['BERTH_TEST_FAULT_POINT'] || undefined
