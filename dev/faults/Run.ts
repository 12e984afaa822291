/** One run of the fault suite: a stack of its own, faults by a seed, and the check at the end. */
import { Effect, Fiber, Layer, Option } from "effect"
import fs from "node:fs"
import os from "node:os"
import path from "node:path"
import { freePort } from "../stack/Ports.ts"
import { realTime } from "../stack/RealTime.ts"
import { StackLayer } from "../stack/Stack.ts"
import { makeWatchdog } from "../stack/Watchdog.ts"
import { Truth } from "../truth/Truth.ts"
import { TruthLayer } from "../truth/TruthLayer.ts"
import { checkArchive, maxValueBytes } from "./ArchiveCheck.ts"
import { catchUp } from "./CatchUp.ts"
import type { CommitWitness } from "./CommitWitness.ts"
import { makeCommitWitness } from "./CommitWitness.ts"
import { makeFindings } from "./Findings.ts"
import { complaints, filesRestored, wrongLines } from "./LogCheck.ts"
import { performed } from "./Perform.ts"
import { startProducer } from "./Producer.ts"
import { prefix } from "./Programs.ts"
import type { FaultReport } from "./Report.ts"
import { checkRestored } from "./RestoredCheck.ts"
import { lasting, schedule } from "./Schedule.ts"
import type { Topics } from "./Topics.ts"
import { targetPrefix } from "./Topics.ts"
import { makeTrouble } from "./Trouble.ts"
import { archivedTopics } from "./WarmUp.ts"
import { makeWorld } from "./World.ts"

export interface FaultRun {
  readonly seed: number
  readonly minutes: number
  readonly brokers: number
  /** Path of the built program. */
  readonly bundle: string
  /** Told what happens, a line each. */
  readonly say: (line: string) => void
}

/** Compares every topic, one after the other, so that memory holds one at a time. */
const check = Effect.fnUntraced(function*(topics: Topics, commits: CommitWitness) {
  const truth = yield* Truth
  const findings = makeFindings()
  for (const text of commits.changes()) findings.difference(text)
  const sums = { committed: 0, archiveFiles: 0, archived: 0, restored: 0 }
  for (const { topic } of topics.all()) {
    const records = yield* truth.consume([topic], { maxValueBytes })
    const offsets = yield* truth.offsets([topic])
    const archive = yield* checkArchive(prefix, topic, records, offsets, findings)
    const restored = yield* truth.consume([`${targetPrefix}${topic}`], { maxValueBytes })
    checkRestored(topic, records, restored, findings)
    commits.judge(topic, records, findings)
    sums.committed += records.length
    sums.archiveFiles += archive.files
    sums.archived += archive.records
    sums.restored += restored.length
  }
  return { ...sums, ...findings.counts(), sentences: findings.sentences() }
})

const run = Effect.fnUntraced(function*(
  { brokers, bundle, minutes, say, seed }: FaultRun,
  directory: string,
  proxyPorts: ReadonlyArray<number>
) {
  const trouble = makeTrouble()
  const watchdog = yield* makeWatchdog
  const logs = path.join(directory, "logs")
  fs.mkdirSync(logs)
  const world = yield* makeWorld({ bundle, directory, proxyPorts, say, watchdog }, trouble)
  const producer = yield* startProducer(seed, world.topics)
  for (const name of lasting) {
    if (name === "planner") yield* archivedTopics(world.topics.first.map(({ topic }) => topic))
    yield* world.programs.get(name)?.start ?? Effect.void
  }

  yield* Effect.forkScoped(world.sessions.sweeping)
  const commits = yield* makeCommitWitness
  yield* Effect.forkScoped(commits.watching)
  const fibers: Array<Fiber.Fiber<void>> = []
  for (const { action, pauseMs } of schedule(seed, { brokers, minutes })) {
    yield* Effect.sleep(pauseMs)
    say(JSON.stringify(action))
    fibers.push(yield* Effect.fork(performed(world, trouble, action)))
  }
  say("the last fault has begun")
  yield* Fiber.joinAll(fibers)
  say("all faults are over")
  yield* producer.stop
  const restoredFiles = filesRestored(logs)
  yield* catchUp(world, trouble)
  say("everything has caught up")

  const { sentences, ...found } = yield* check(world.topics, commits)
  const report: FaultReport = {
    seed,
    minutes,
    actions: trouble.counts(),
    produced: producer.counts().records,
    ...found,
    restoredFiles,
    commitLooks: commits.looks(),
    resignations: trouble.resignations(),
    complaints: complaints(logs),
    smallDisk: Option.isSome(world.disk),
    problems: [...sentences, ...trouble.problems(), ...wrongLines(logs)]
  }
  return report
}, Effect.scoped)

/** The directory that keeps the logs is removed by the caller: see `FaultReport.problems`. */
export const runFaults = (options: FaultRun, directory: string) =>
  Effect.gen(function*() {
    const proxyPorts = yield* Effect.replicateEffect(freePort, options.brokers)
    const stack = StackLayer({ brokers: options.brokers, advertisedPorts: proxyPorts })
    return yield* Effect.provide(
      run(options, directory, proxyPorts),
      Layer.provideMerge(TruthLayer, stack)
    )
  }).pipe(realTime)

/** For the working directories and logs of a run. */
export const runDirectory = Effect.sync(() =>
  fs.mkdtempSync(path.join(os.tmpdir(), "kafka-data-keep-faults-"))
)
