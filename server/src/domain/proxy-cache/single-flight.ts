/** Work that several ask for at once is done once. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>()

  get size(): number {
    return this.#running.size
  }

  async do(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#running.get(key)
    if (known !== undefined) return await known
    const running = work().finally(() => this.#running.delete(key))
    this.#running.set(key, running)
    return await running
  }

  /** Ends when everything under way has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#running.values()])
  }
}
