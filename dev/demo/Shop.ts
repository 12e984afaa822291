/** What the demo's shop writes into Kafka. */
import { makeRandom } from "../data/Random.ts"
import { customerState, orderEvent, paymentEvent } from "../data/ShopEvents.ts"
import type { ProduceLine, TruthTopic } from "../truth/Truth.ts"

export const topics: ReadonlyArray<TruthTopic & { readonly partitions: number }> = [
  { topic: "shop.orders", partitions: 3 },
  { topic: "shop.payments", partitions: 2 },
  { topic: "shop.customers", partitions: 2, configs: { "cleanup.policy": "compact" } }
]

export interface Load {
  readonly config: Readonly<Record<string, string>>
  readonly lines: ReadonlyArray<ProduceLine>
}

const start = Date.UTC(2026, 0, 5, 8)
const hex = (text: string): string => Buffer.from(text).toString("hex")
const range = (length: number) => Array.from({ length }, (_, at) => at)

/** An event every 40 ms, as its timestamp says. */
const orders = (from: number, count: number): Load => {
  const random = makeRandom(from)
  return {
    config: { "compression.type": "lz4" },
    lines: range(count).map((at): ProduceLine => {
      const number = from + at
      const timestamp = start + number * 40
      const trace = `00-${random.hex(32)}-${random.hex(16)}-01`
      return {
        topic: "shop.orders",
        key: hex(`ORD-${number}`),
        value: hex(orderEvent(random, number, timestamp)),
        headers: [["traceparent", hex(trace)], ["content-type", hex("application/json")]],
        timestamp
      }
    })
  }
}

/** Two producers at work at the same time: one commits what it has written, the other aborts. */
const payments = (count: number): Load => {
  const random = makeRandom(2)
  const lines = range(count).flatMap((at): ReadonlyArray<ProduceLine> => {
    const timestamp = start + at * 100
    const tx = at % 500 < 450 ? "captured" : "declined"
    return [{
      topic: "shop.payments",
      key: hex(`ORD-${at}`),
      value: hex(paymentEvent(random, at, timestamp)),
      headers: at % 3 === 0 ? [["retry", hex("1")], ["retry", hex("2")], ["note", null]] : [],
      timestamp,
      tx
    }]
  })
  return {
    config: { "compression.type": "zstd" },
    lines: [
      { begin: "captured" },
      { begin: "declined" },
      ...lines,
      { abort: "declined" },
      { commit: "captured" }
    ]
  }
}

/** Customers change, and every seventh is deleted: a tombstone. */
const customers = (count: number): Load => {
  const random = makeRandom(3)
  return {
    config: { "compression.type": "none" },
    lines: range(count).map((at): ProduceLine => {
      const id = `C-${at % 900}`
      const gone = at % 7 === 6
      return {
        topic: "shop.customers",
        key: hex(id),
        value: gone ? null : hex(customerState(random, id, at)),
        timestamp: start + at * 1000
      }
    })
  }
}

/** Everything, in portions that are produced one after the other. */
export const loads: ReadonlyArray<Load> = [
  ...range(6).map((at) => orders(at * 5000, 5000)),
  payments(8000),
  customers(4000)
]
