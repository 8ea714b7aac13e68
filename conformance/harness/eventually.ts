/** Until it holds; the last failure says what did not. */
export async function eventually(check: () => Promise<unknown>, patienceMs = 20_000): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    try {
      await check()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
      await Bun.sleep(200)
    }
  }
}
