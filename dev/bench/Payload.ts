/** The records of the benchmark: a file of events, one per line, for Kafka's own producer. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { makeRandom } from "../data/Random.ts"
import { orderEvent } from "../data/ShopEvents.ts"
import { StackError } from "../stack/StackError.ts"

/** Enough that no compression window sees the same event often. */
const distinct = 60_000

export interface Payload {
  readonly file: string
  /** Mean length of a line, bytes. */
  readonly recordBytes: number
}

/** Writes the file into `directory`; always the same events. */
export const writePayload = (directory: string): Effect.Effect<Payload, StackError> =>
  Effect.tryPromise({
    try: async () => {
      const random = makeRandom(800)
      const start = Date.UTC(2026, 0, 5, 8)
      const lines = Array.from(
        { length: distinct },
        (_, at) => orderEvent(random, at, start + at * 40)
      )
      const text = Buffer.from(lines.join("\n"))
      const file = path.join(directory, "events.jsonl")
      await fs.writeFile(file, text)
      return { file, recordBytes: (text.length - distinct + 1) / distinct }
    },
    catch: (cause) => new StackError({ step: "write the payload", cause })
  })
