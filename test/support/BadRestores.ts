/** Restores of a plan in which some partitions cannot be restored, told from their logs. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Truth } from "../../dev/truth/Truth.ts"
import { failing } from "./BadInput.ts"
import type { Command, LogLine, Workplace } from "./CommandLine.ts"
import { NotSeen } from "./CommandLine.ts"

const exitsWith = (
  code: number,
  place: Workplace,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.filterOrFail(
    place.finish(args, env),
    (finished) => finished.code === code,
    (finished) =>
      new NotSeen({ message: `${args[0]} ended with ${finished.code}: ${finished.stderr}` })
  )

/** Writes the plan; returns its object keys in plan order, which for one partition is offset order. */
export const planned = (place: Workplace, planTopic: string, topics: string, partitions = 1) =>
  Effect.gen(function*() {
    const plan = ["topics-plan-restore", "-restore-topics-regex", topics]
    yield* exitsWith(0, place, [
      ...plan,
      "-once",
      "-plan-topic",
      planTopic,
      "-plan-topic-partitions",
      String(partitions)
    ])
    const { stdout } = yield* exitsWith(0, place, [...plan, "-dry-run"])
    return stdout.trim().split("\n").map((line) => line.split("\t")[3] ?? "")
  })

export interface RestoreRun {
  readonly planTopic: string
  readonly targetPrefix: string
  readonly group: string
}

export const restoreArgs = ({ group, planTopic, targetPrefix }: RestoreRun) => [
  "topics-restore",
  "-plan-topic",
  planTopic,
  "-restore-topic-prefix",
  targetPrefix,
  "-group-id",
  group
]

const named = (line: LogLine) =>
  [
    `${String(line["topic"])}-${String(line["partition"])}`,
    { reason: String(line["error"]), file: line["file"] }
  ] as const

/** The summary of a restore with `-once` that exits with 1: partition, reason and file of each. */
export const incomplete = (
  place: Workplace,
  run: RestoreRun,
  more: ReadonlyArray<string> = []
) =>
  Effect.map(failing(place, [...restoreArgs(run), "-once", ...more]), ({ lines, stderr }) => {
    const errors = lines.filter(({ level }) => level === "ERROR")
    const failures = errors.filter(({ msg }) => msg === "partition not restored").map(named)
    const summary = lines.filter(({ msg }) => msg === "topics-restore failed")
    const told = failures.length === 1
      ? "1 partition could not be restored, named above"
      : `${failures.length} partitions could not be restored, each named above`
    assert.deepStrictEqual(summary.map((line) => line["error"]), [
      `${told}; repair what is said there and run the same command again, ` +
      "it goes on where it stopped"
    ], stderr)
    assert.lengthOf(errors, failures.length + 1)
    return new Map(failures)
  })

/** The same command once more, when nothing is in its way. */
export const complete = (
  place: Workplace,
  run: RestoreRun,
  more: ReadonlyArray<string> = []
) => exitsWith(0, place, [...restoreArgs(run), "-once", ...more])

/** Where the group stands in the one partition of its plan. */
export const planPosition = ({ group, planTopic }: RestoreRun) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const offsets = yield* truth.groupOffsets(group)
    return offsets.find(({ topic }) => topic === planTopic)?.offset ?? 0
  })

const failedPartitions = "kafka_data_keep_restore_failed_partitions"

/** Waits until the gauge of a running restore says so. */
export const untilFailed = (running: Command, count: number) =>
  running.until(
    `not ${count} partitions have failed`,
    Effect.map(running.metrics, (text) => text.includes(`\n${failedPartitions} ${count}\n`))
  )

/** How often it has tried a partition in vain. */
export const triesOf = (running: Command, topic: string, partition: number): number =>
  running.log().filter((line) =>
    line.msg === "partition stopped, the others go on" && line["topic"] === topic &&
    line["partition"] === partition
  ).length
