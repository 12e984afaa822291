/**
 * What must happen before any other module is evaluated; hence no imports here, and the first
 * import in `start.ts`. SIGUSR1 without a listener would open Node's debugger, or later end the
 * process, so the listener stays until exit. A Node that is too old gets a sentence instead of a
 * stack trace.
 */

const leastNode = [22, 15] as const

let waiting = 0
let deliver: (() => void) | undefined

process.on("SIGUSR1", () => {
  if (deliver === undefined) waiting += 1
  else deliver()
})

/** Calls the listener at every SIGUSR1, also for those that came before it; one at a time. */
export const onFlushSignal = (listener: () => void): () => void => {
  deliver = listener
  for (; waiting > 0; waiting -= 1) listener()
  return () => {
    deliver = undefined
  }
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < leastNode[0] || (major === leastNode[0] && minor < leastNode[1])) {
  process.stderr.write(
    `kafka-data-keep needs Node.js ${
      leastNode.join(".")
    } or newer; this is ${process.version} (${process.execPath}).\n`
  )
  process.exit(1)
}

// Compression runs on the thread pool, whose size is read at its first use. A thread per core is
// as fast as the default of four on two cores, and saves what the allocator keeps per thread
// (measured: 90 MB less of resident memory); on more cores it is more work done at once.
const threads = Math.min(16, Math.max(2, navigator.hardwareConcurrency))
process.env["UV_THREADPOOL_SIZE"] ??= String(threads)

// How soon the allocator inside the lz4 package gives back what it has freed, in milliseconds; read
// when that is loaded. At once would cost a backup a tenth of its processor time.
process.env["MIMALLOC_PURGE_DELAY"] ??= "1"
process.env["MIMALLOC_ARENA_PURGE_MULT"] ??= "1"
