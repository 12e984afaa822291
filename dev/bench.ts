/**
 * `npm run bench`: our commands beside Kafka's own ConsumerPerformance and ProducerPerformance, on
 * the same records, machine and minute. Needs the built bundle.
 */
import { Effect, Layer } from "effect"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"
import { groupsReport, runGroups } from "./bench/Groups.ts"
import type { BenchOptions } from "./bench/Options.ts"
import { benchOptions } from "./bench/Options.ts"
import { writePayload } from "./bench/Payload.ts"
import { profileReport } from "./bench/Profile.ts"
import { report } from "./bench/Report.ts"
import { saveResults } from "./bench/Results.ts"
import { runOnce, warmUp } from "./bench/Run.ts"
import { runScript } from "./Script.ts"
import { StackAddresses, StackLayer } from "./stack/Stack.ts"
import { TruthLayer } from "./truth/TruthLayer.ts"

const directory = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "kafka-data-keep-bench-"))),
  (directory) => Effect.promise(() => fs.rm(directory, { recursive: true, force: true }))
)

const bench = Effect.fnUntraced(function*(options: BenchOptions) {
  const { kafkaVersion } = yield* StackAddresses
  const work = yield* directory
  const payload = yield* writePayload(work)
  yield* warmUp(payload, work)
  const runs = yield* Effect.forEach(
    Array.from({ length: options.runs }, (_, at) => `bench-${at + 1}`),
    (topic) => runOnce(options, payload, topic, work)
  )
  console.log(report(runs, options.records, payload.recordBytes))
  if (options.profile) return console.log(profileReport(path.join(work, "profiles"), 25))
  const groups = yield* runGroups(payload, work)
  console.log(groupsReport(groups))
  console.log(`\n  ${yield* saveResults(options, payload.recordBytes, kafkaVersion, runs, groups)}`)
})

const Live = Layer.provideMerge(TruthLayer, StackLayer({ machine: "measured", heap: "1g" }))

runScript(
  benchOptions(process.argv.slice(2)).pipe(
    Effect.flatMap((options) => Effect.provide(bench(options), Live)),
    Effect.scoped
  )
)
