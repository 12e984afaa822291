/** The records of the benchmark: a file of events, one per line, for Kafka's own producer. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import type { Random } from "../data/Random.ts"
import { makeRandom } from "../data/Random.ts"
import { orderEvent } from "../data/ShopEvents.ts"
import { StackError } from "../stack/StackError.ts"
import { Workplace } from "./Workplace.ts"

export interface Payload {
  readonly file: string
  /** Mean length of a line, bytes. */
  readonly recordBytes: number
}

const start = Date.UTC(2026, 0, 5, 8)

const order = (random: Random, at: number): string => orderEvent(random, at, start + at * 40)

/** 100 bytes. */
const click = (random: Random, at: number): string =>
  `{"id":"${random.hex(16)}","user":"u-${random.hex(8)}","at":${start + at},"page":"/p/${
    String(random.integer(10_000)).padStart(4, "0")
  }","ms":${100 + random.integer(900)}}`.padEnd(100)

const megabyte = 1_000_000

/** As many orders as fit into a megabyte, as one JSON array. */
const orders = (random: Random, at: number): string => {
  const events: Array<string> = []
  let left = megabyte - 2
  for (let next = at * 2000; left > 0; next++) {
    const event = order(random, next)
    left -= event.length + 1
    if (left > 0) events.push(event)
  }
  return `[${events.join(",")}]`
}

/** Lines enough that no compression window sees the same one often. */
const kinds = {
  orders: { lines: 60_000, line: order },
  clicks: { lines: 200_000, line: click },
  megabytes: { lines: 32, line: orders }
}

/** Writes the file into the workplace; always the same events. */
export const writePayload = (kind: keyof typeof kinds) =>
  Effect.gen(function*() {
    const { directory } = yield* Workplace
    const { line, lines } = kinds[kind]
    const random = makeRandom(800)
    const all = Array.from({ length: lines }, (_, at) => line(random, at))
    const text = Buffer.from(all.join("\n"))
    const file = path.join(directory, `${kind}.jsonl`)
    yield* Effect.tryPromise({
      try: () => fs.writeFile(file, text),
      catch: (cause) => new StackError({ step: "write the payload", cause })
    })
    const payload: Payload = { file, recordBytes: (text.length - lines + 1) / lines }
    return payload
  })
