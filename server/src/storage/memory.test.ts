import { collect, describeBlobStore } from './blob-store.contract.ts'
import { composeMemoryBlobStore } from './memory.ts'

describeBlobStore('memory', async () => {
  const store = composeMemoryBlobStore()
  return {
    store,
    leftovers: async () => (await collect(store.walkStaged())).map(({ upload }) => upload),
    dispose: async () => {},
  }
})
