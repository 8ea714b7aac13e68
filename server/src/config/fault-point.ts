/** Where a crash test wants the process to die; undefined outside of tests. No setting: nobody finds it by accident. */
export const requestedFaultPoint = (): string | undefined => process.env['BERTH_TEST_FAULT_POINT'] || undefined
