/** `npm run test:faults`: the built program on real servers while everything around it fails. */
import { Console, Effect } from "effect"
import fs from "node:fs"
import type { FaultOptions } from "./faults/Options.ts"
import { faultOptions } from "./faults/Options.ts"
import { passed, summary } from "./faults/Report.ts"
import { runDirectory, runFaults } from "./faults/Run.ts"
import { runScript } from "./Script.ts"
import { StackError } from "./stack/StackError.ts"

const oneSeed = (seed: number, { keep, ...options }: Omit<FaultOptions, "seeds">) =>
  Effect.gen(function*() {
    const directory = yield* runDirectory
    const again = `--seed ${seed} --minutes ${options.minutes} --brokers ${options.brokers}`
    yield* Console.log(`faults: seed ${seed}; to repeat: npm run test:faults -- ${again}`)
    const started = performance.now()
    const say = (line: string) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      process.stderr.write(`${seconds.padStart(6)} s  ${line}\n`)
    }
    const failed = Console.error(`seed ${seed} failed; logs are kept in ${directory}`)
    const report = yield* Effect.tapErrorCause(
      runFaults({ seed, ...options, say }, directory),
      () => failed
    )
    yield* Console.log(summary(report))
    if (!passed(report)) yield* failed
    else if (keep) yield* Console.log(`logs are kept in ${directory}`)
    else fs.rmSync(directory, { recursive: true, force: true })
    return passed(report)
  })

const program = Effect.gen(function*() {
  const { seeds, ...options } = yield* faultOptions(process.argv.slice(2))
  const results = yield* Effect.forEach(seeds, (seed) => oneSeed(seed, options))
  const failed = seeds.filter((_, index) => results[index] === false)
  if (failed.length > 0) {
    return yield* new StackError({
      step: "faults",
      cause: `seeds that failed: ${failed.join(", ")}`
    })
  }
})

runScript(program)
