import { expect, test } from 'bun:test'
import {
  isForeignLayerMediaType,
  isImageConfigMediaType,
  isIndexMediaType,
  isManifestMediaType,
  mediaTypes,
} from './media-types.ts'

test('only the four kinds of manifest are manifests, and two of them are indexes', () => {
  const all = Object.values(mediaTypes)
  expect(all.filter(isManifestMediaType)).toEqual([
    mediaTypes.ociManifest,
    mediaTypes.ociIndex,
    mediaTypes.dockerManifest,
    mediaTypes.dockerManifestList,
  ])
  expect(all.filter(isIndexMediaType)).toEqual([mediaTypes.ociIndex, mediaTypes.dockerManifestList])
})

test('two types are the config of an image', () => {
  expect(Object.values(mediaTypes).filter(isImageConfigMediaType)).toEqual([
    mediaTypes.ociConfig,
    mediaTypes.dockerConfig,
  ])
})

test('foreign layers are those that need not be pushed', () => {
  expect(Object.values(mediaTypes).filter(isForeignLayerMediaType)).toEqual([
    mediaTypes.ociForeignLayer,
    mediaTypes.ociForeignLayerGzip,
    mediaTypes.ociForeignLayerZstd,
    mediaTypes.dockerForeignLayer,
    mediaTypes.dockerForeignLayerGzip,
  ])
})
