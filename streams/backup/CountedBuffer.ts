/** The disk buffer with its bytes counted, whoever writes and removes them. */
import { Effect } from "effect"
import type { BufferError } from "../../services/DiskBuffer.ts"
import { DiskBuffer } from "../../services/DiskBuffer.ts"

export interface CountedBuffer {
  readonly buffer: DiskBuffer["Type"]
  /** Bytes of all files, those set aside excepted. */
  readonly bytes: () => number
  /** Bytes by file name. */
  readonly sizes: ReadonlyMap<string, number>
}

/** Counts from what the buffer holds now; from then on everybody must use the counted one. */
export const countedBuffer: Effect.Effect<CountedBuffer, BufferError, DiskBuffer> = Effect.gen(
  function*() {
    const buffer = yield* DiskBuffer
    const sizes = new Map<string, number>()
    let bytes = 0

    const resize = (name: string, size: number) => {
      bytes += size - (sizes.get(name) ?? 0)
      if (size === 0) sizes.delete(name)
      else sizes.set(name, size)
    }
    const counting = <A>(
      operation: Effect.Effect<A, BufferError>,
      name: string,
      size: () => number
    ) =>
      Effect.uninterruptible(
        Effect.tap(operation, () => Effect.sync(() => resize(name, size())))
      )

    for (const { name, size } of yield* buffer.list) resize(name, size)
    return {
      bytes: () => bytes,
      sizes,
      buffer: DiskBuffer.of({
        ...buffer,
        create: (name, content) =>
          counting(buffer.create(name, content), name, () => content.byteLength),
        append: (name, chunks) =>
          counting(
            buffer.append(name, chunks),
            name,
            () => chunks.reduce((sum, chunk) => sum + chunk.byteLength, sizes.get(name) ?? 0)
          ),
        truncate: (name, size) => counting(buffer.truncate(name, size), name, () => size),
        remove: (name) => counting(buffer.remove(name), name, () => 0),
        setAside: (name) => counting(buffer.setAside(name), name, () => 0)
      })
    }
  }
)
