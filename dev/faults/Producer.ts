/** Writes the workload without a pause, through broker restarts too. */
import { Effect, Fiber } from "effect"
import { makeRandom } from "../data/Random.ts"
import { Truth } from "../truth/Truth.ts"
import type { Topics } from "./Topics.ts"
import { endTransactions, round } from "./Workload.ts"

/** So that the records differ from those of the schedule's numbers. */
const salt = 0x5eed

/** Produces until it is stopped. */
export const startProducer = Effect.fnUntraced(function*(seed: number, topics: Topics) {
  const truth = yield* Truth
  const random = makeRandom(seed ^ salt)
  const state = { running: true, records: 0, failures: 0 }
  const oneRound = Effect.gen(function*() {
    const [first, ...rest] = topics.all()
    const { config, lines } = round(random, [first ?? topics.first[0], ...rest])
    const places = yield* truth.produce(lines, config)
    state.records += places.length
  })
  const loop = Effect.gen(function*() {
    while (state.running) {
      yield* Effect.catchAll(oneRound, () => Effect.sync(() => void state.failures++))
      yield* Effect.sleep("150 millis")
    }
  })
  const fiber = yield* Effect.forkScoped(loop)
  const end = Effect.gen(function*() {
    state.running = false
    yield* Fiber.join(fiber)
    const { config, lines } = endTransactions(topics.first[0].topic)
    yield* Effect.retry(truth.produce(lines, config), { times: 5 })
  })
  return {
    /** What has been acknowledged, and how many calls failed while brokers were away. */
    counts: (): { readonly records: number; readonly failures: number } => ({ ...state }),
    /** Ends the transactions that are open, too. */
    stop: end
  }
})
