/** Gzip on the thread pool, with all of the input accounted for. */
import type { Buffer } from "node:buffer"
import zlib from "node:zlib"
import { truncated } from "./CodecError.ts"
import { poolOptions, StreamPool } from "./StreamPool.ts"

const options = { ...poolOptions, flush: zlib.constants.Z_FINISH }

/** All zlib streams have `reset`; the type definitions leave it out for gzip. */
const canReset = (coder: object): coder is { reset(): void } => "reset" in coder

/** Not for zstd: there a reset loses the parameters, and the next frame begins without it. */
const reset = (coder: object) => {
  if (canReset(coder)) coder.reset()
}

const unzippers = new StreamPool(() => zlib.createGunzip(options), reset)

const zippers = new Map<number, StreamPool>()

/** `level`: 1 to 9. */
export const gzip = (bytes: Uint8Array, level: number): Promise<Buffer> => {
  let pool = zippers.get(level)
  if (pool === undefined) {
    pool = new StreamPool(() => zlib.createGzip({ ...options, level }), reset)
    zippers.set(level, pool)
  }
  return pool.run(bytes, Infinity)
}

/** Reads concatenated members too. `limit`: bytes of output. */
export const gunzip = (bytes: Uint8Array, limit: number): Promise<Buffer> =>
  unzippers.run(bytes, limit).catch((error: unknown) => {
    throw error instanceof Error && error.message === "unexpected end of file"
      ? truncated("the gzip data ends early")
      : error
  })
