/**
 * `npm run bench`: our commands beside Kafka's own ConsumerPerformance and ProducerPerformance, on
 * the same records, machine and minute; with `--all` everything that is promised about speed, memory
 * and size. Needs the built bundle.
 */
import { Cause, Effect, Exit } from "effect"
import fs from "node:fs"
import type { BenchOptions, PartName } from "./bench/Options.ts"
import { benchOptions } from "./bench/Options.ts"
import type { Bench } from "./bench/Part.ts"
import { partText } from "./bench/Part.ts"
import { parts } from "./bench/Parts.ts"
import { profileReport } from "./bench/Profile.ts"
import type { Outcome, Report } from "./bench/Results.ts"
import { describeMachine, profilesDirectory, saveResults } from "./bench/Results.ts"
import { progress } from "./bench/Workplace.ts"
import { say } from "./demo/Terminal.ts"
import { runScript } from "./Script.ts"
import { StackError } from "./stack/StackError.ts"

/** Above this, other programs take their share of the time that is measured. */
const quietLoad = 0.5

const runPart = (name: PartName, bench: Bench) =>
  Effect.gen(function*() {
    yield* progress(`part ${name}`)
    const exit = yield* Effect.exit(parts[name](bench))
    if (Exit.isSuccess(exit)) {
      say(partText(exit.value))
      return { name, result: exit.value } satisfies Outcome
    }
    if (Cause.isInterrupted(exit.cause)) return yield* Effect.failCause(exit.cause)
    const failure = Cause.pretty(exit.cause)
    yield* progress(`part ${name} failed: ${failure}`)
    return { name, failure } satisfies Outcome
  })

const showProfiles = (directory: string) =>
  Effect.sync(() => {
    if (!fs.existsSync(directory)) return
    say(profileReport(directory, 25))
    say(`\n  ${directory}`)
  })

const bench = Effect.fnUntraced(function*(options: BenchOptions) {
  const machine = yield* describeMachine
  const report: Report = { time: new Date().toISOString(), machine, options }
  const profiles = options.profile ? profilesDirectory(report) : undefined
  if (machine.load > quietLoad) {
    yield* progress(`the machine is busy (load ${machine.load.toFixed(2)}): trust no figure`)
  }
  if (options.scale !== 1) {
    yield* progress(`${options.scale} of each workload: the bars are for all of it`)
  }
  const outcomes: Array<Outcome> = []
  let file = ""
  for (const name of options.parts) {
    outcomes.push(yield* runPart(name, { ...options, profiles }))
    file = yield* saveResults(report, outcomes)
  }
  if (profiles !== undefined) yield* showProfiles(profiles)
  say(`\n  ${file}`)
  const failed = outcomes.filter((outcome) => "failure" in outcome).map(({ name }) => name)
  if (failed.length > 0) {
    return yield* new StackError({
      step: "bench",
      cause: `parts that failed: ${failed.join(", ")}`
    })
  }
})

runScript(Effect.flatMap(benchOptions(process.argv.slice(2)), bench))
