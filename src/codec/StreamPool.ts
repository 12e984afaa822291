/**
 * Runs whole buffers through zlib streams that are kept and used again: a stream's context and
 * tables cost more than a small buffer's compression (measured at 16 KiB of zstd: 10 against 50 µs
 * of the main thread with `zlib.zstdCompress`). The work is done on the thread pool.
 */
import { Buffer } from "node:buffer"
import type zlib from "node:zlib"
import { corrupt } from "./CodecError.ts"
import { freeBytes } from "./FreeBytes.ts"

type Coder = zlib.Gzip | zlib.Gunzip | zlib.ZstdCompress | zlib.ZstdDecompress

interface Job {
  readonly bytes: Uint8Array
  /** Bytes of output. */
  readonly limit: number
  readonly resolve: (output: Buffer) => void
  readonly reject: (error: unknown) => void
}

/**
 * What every stream must be made with: then nothing waits for a reader, and outputs are views of
 * large slabs instead of chunks to be joined.
 */
export const poolOptions = { chunkSize: 2 << 20, readableHighWaterMark: 2 ** 31 }

/**
 * Streams at most for one kind of work, that is buffers in work; others wait for their turn. Enough
 * for two threads never to wait for the main thread; and every stream holds megabytes.
 */
const maxStreams = 3

const tooLarge = (limit: number) => corrupt(`the data expands to more than ${limit} bytes`)

/** A stream, and the job it is at. */
interface Worker {
  readonly coder: Coder
  job: Job | undefined
  /** All of the memory that the last output was written into; the next goes on in it. */
  slab: Buffer | undefined
  /** Bytes that the stream had taken before the job. */
  before: number
}

/** A copy, so that a slab that is full can be given back. */
const outputOf = (worker: Worker): Buffer => {
  const output: unknown = worker.coder.read()
  if (!Buffer.isBuffer(output)) return Buffer.alloc(0)
  const { buffer } = output
  if (worker.slab !== undefined && worker.slab.buffer !== buffer) {
    freeBytes(worker.slab)
    worker.slab = undefined
  }
  // An output that began in another slab comes joined, in memory of its own.
  if (buffer.byteLength !== poolOptions.chunkSize) return output
  worker.slab ??= Buffer.from(buffer)
  return Buffer.from(output)
}

export class StreamPool {
  private readonly make: () => Coder
  private readonly renew: (coder: Coder) => void
  private readonly idle: Array<Worker> = []
  private readonly waiting: Array<Job> = []
  private running = 0

  /** `renew`: makes a stream ready for the next buffer, where the end of one does not. */
  constructor(make: () => Coder, renew: (coder: Coder) => void = () => {}) {
    this.make = make
    this.renew = renew
  }

  /**
   * All the output for one buffer. Fails with the stream's own error, or with a Corrupt
   * `CodecError` when there is more output than `limit` bytes, or input behind its end.
   */
  run(bytes: Uint8Array, limit: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const job = { bytes, limit, resolve, reject }
      if (this.running < maxStreams) this.start(job)
      else this.waiting.push(job)
    })
  }

  private hire(): Worker {
    const coder = this.make()
    const worker: Worker = { coder, job: undefined, slab: undefined, before: 0 }
    coder.on("readable", () => {
      const limit = worker.job?.limit ?? Infinity
      if (coder.readableLength > limit) coder.destroy(tooLarge(limit))
    })
    // After an error the callback of the write is not called.
    coder.on("error", (error) => this.finish(worker, error))
    return worker
  }

  private start(job: Job): void {
    const worker = this.idle.pop() ?? this.hire()
    this.running++
    worker.job = job
    worker.before = worker.coder.bytesWritten
    worker.coder.write(job.bytes, (error) => this.finish(worker, error))
  }

  private finish(worker: Worker, error: Error | null | undefined): void {
    const { before, coder, job } = worker
    if (job === undefined) return
    worker.job = undefined
    this.running--
    const left = job.bytes.length - (coder.bytesWritten - before)
    const failure = error ?? coder.errored ??
      (left > 0 ? corrupt(`${left} bytes follow the compressed data`) : undefined) ??
      (coder.readableLength > job.limit ? tooLarge(job.limit) : undefined)
    if (failure !== undefined) {
      coder.destroy()
      job.reject(failure)
    } else {
      const output = outputOf(worker)
      this.renew(coder)
      this.idle.push(worker)
      job.resolve(output)
    }
    const next = this.waiting.shift()
    if (next !== undefined) this.start(next)
  }
}
