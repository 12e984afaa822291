/** Where one part of the benchmark works: a directory and its own servers, gone when it ends. */
import { Context, Effect, Layer } from "effect"
import { StackLayer } from "../stack/Stack.ts"
import type { Watchdog } from "../stack/Watchdog.ts"
import { makeWatchdog } from "../stack/Watchdog.ts"
import { TruthLayer } from "../truth/TruthLayer.ts"

/** Its directory is for everything that is written; what it watches ends with this process. */
export class Workplace
  extends Context.Tag("kafka-data-keep/dev/bench/Workplace")<Workplace, Watchdog>()
{}

export const WorkplaceLayer = Layer.scoped(Workplace, makeWatchdog)

/**
 * Servers as they would run, with nothing in them. Each part starts its own, so that no part feels
 * what another one left behind.
 */
export const ServersLayer = (brokerConfig: Readonly<Record<string, string>> = {}) =>
  Layer.provideMerge(
    TruthLayer,
    StackLayer({ machine: "measured", heap: "1g", brokerConfig })
  ).pipe(Layer.merge(WorkplaceLayer))

export const onServers = Effect.provide(ServersLayer())

export const progress = (text: string): Effect.Effect<void> =>
  Effect.sync(() => void process.stderr.write(`bench: ${text}\n`))
