/** The story that the demo tells, act by act. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import os from "node:os"
import path from "node:path"
import { s3Environment } from "../stack/S3Gateway.ts"
import { StackAddresses } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { jdk } from "../stack/Tool.ts"
import { compareRestored } from "../truth/Compare.ts"
import type { TrueRecord } from "../truth/Truth.ts"
import { Truth } from "../truth/Truth.ts"
import { listBucket, listDirectory } from "./Archive.ts"
import { runShown, showEnvironment } from "./Commands.ts"
import type { Continuation } from "./Groups.ts"
import { goOn, groupNames, stopHalfWay } from "./Groups.ts"
import { loads, topics } from "./Shop.ts"
import { bold, dim, green, megabytes, red, say, seconds, shown, step, table } from "./Terminal.ts"

const names = topics.map(({ topic }) => topic)
const bundle = path.join("dist", "kafka-data-keep.mjs")
/** Where the groups' positions are kept. */
const snapshot = "groups/offsets.avro"

const temporaryDirectory = Effect.acquireRelease(
  Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), "kafka-data-keep-demo-"))),
  (directory) => Effect.promise(() => fs.rm(directory, { recursive: true, force: true }))
)

const size = ({ headers, key, value }: TrueRecord): number => {
  const parts = [key, value, ...headers.flat()]
  return parts.reduce((sum, part) => sum + (typeof part === "string" ? part.length / 2 : 0), 0)
}

const settings = (s3: boolean, directory: string) =>
  Effect.map(StackAddresses, ({ brokers, libs, s3: server }) => ({
    KAFKA_BROKERS: brokers,
    ...(s3
      ? s3Environment(server)
      : { STORE: `file://${directory}/archive` }),
    S3_PREFIX: "topics",
    WORKING_DIR: `${directory}/buffer`,
    METRICS_PORT: "0",
    LOG_LEVEL: "WARN",
    LIBS: `${libs}/*`
  }))

const produceAll = Effect.gen(function*() {
  const truth = yield* Truth
  yield* truth.createTopics(topics)
  for (const { config, lines } of loads) yield* truth.produce(lines, config)
})

const report = (
  before: ReadonlyArray<TrueRecord>,
  differences: ReadonlyArray<string>,
  times: { readonly backup: number; readonly restore: number }
): void => {
  const row = (name: string, records: ReadonlyArray<TrueRecord>, found: ReadonlyArray<string>) => [
    name,
    String(records.length),
    megabytes(records.reduce((sum, record) => sum + size(record), 0)),
    String(found.length)
  ]
  const perTopic = names.map((topic) =>
    row(
      topic,
      before.filter((record) => record.topic === topic),
      differences.filter((text) => text.startsWith(`${topic}/`))
    )
  )
  say(table([
    ["topic", "records", "bytes", "differences"],
    ...perTopic,
    row("all", before, differences)
  ]))
  say(`\n  backup ${seconds(times.backup)}, plan and restore ${seconds(times.restore)}`)
  for (const text of differences.slice(0, 10)) say(red(`  ${text}`))
}

const reportGroups = (groups: ReadonlyArray<Continuation>): void =>
  say(table([
    ["group", "read before", "read after", "twice", "missed"],
    ...groups.map(({ after, before, group, missed, twice }) => [
      group,
      ...[before, after, twice, missed].map(String)
    ])
  ]))

/**
 * Fails when a restored record differs from what was there before the disaster, or a consumer
 * group does not go on at exactly its next record.
 */
export const story = ({ s3 }: { readonly s3: boolean }) =>
  Effect.gen(function*() {
    const truth = yield* Truth
    const { s3: server } = yield* StackAddresses
    const directory = yield* temporaryDirectory
    const environment = yield* settings(s3, directory)
    const cli = (...args: ReadonlyArray<string>) =>
      runShown(process.execPath, [bundle, ...args], environment, [
        "kafka-data-keep",
        ...args.map((word) => /^[\w./:=-]+$/.test(word) ? word : `'${word}'`)
      ])
    const kafkaTool = (name: string) => (...args: ReadonlyArray<string>) => {
      const tool = [`org.apache.kafka.tools.${name}`, "--bootstrap-server"]
      const flags = ["-cp", environment.LIBS, ...tool, environment.KAFKA_BROKERS, ...args]
      return runShown(jdk("java"), flags, environment, [
        `java -cp "$LIBS" ${tool.join(" ")} $KAFKA_BROKERS`,
        ...args.map((word) => word.includes("*") ? `'${word}'` : word)
      ])
    }

    const kafkaTopics = kafkaTool("TopicCommand")
    const kafkaGroups = kafkaTool("consumer.group.ConsumerGroupCommand")

    step("A shop writes orders, payments and customers into Kafka")
    yield* produceAll
    const before = yield* truth.consume(names)
    say(`  ${before.length} records that a consumer sees, and a transaction that was aborted`)

    step("Two consumer groups read about half of their topic, and stop")
    const progress = yield* stopHalfWay
    for (const { group, processed, topic } of progress) {
      say(`  ${group} has processed ${processed.length} records of ${topic}`)
    }

    step("Back up")
    showEnvironment(environment)
    shown(`alias kafka-data-keep='node ${bundle}'`)
    const backup = yield* cli(
      "topics-backup",
      "--once",
      "--topics-regex",
      "^shop\\.",
      "--min-file-size",
      "1000000"
    )
    yield* cli("consumer-groups-backup", "--once", "--s3-location", snapshot)

    step(`What is in the archive (${environment.S3_PREFIX} is its prefix)`)
    const found = yield* s3 ? listBucket(server) : listDirectory(`${directory}/archive`)
    const files = found.filter(({ key }) => key.startsWith(`${environment.S3_PREFIX}/`))
    for (const { key, size } of files) say(`  ${megabytes(size).padStart(9)}  ${dim(key)}`)
    say(`  ${files.length} files, ${megabytes(files.reduce((sum, { size }) => sum + size, 0))}`)

    step("The disaster: somebody deletes the groups and the topics")
    yield* kafkaGroups("--delete", ...groupNames.flatMap((group) => ["--group", group]))
    yield* kafkaTopics("--delete", "--topic", "shop.*")
    say("  and creates the topics again, empty")
    yield* truth.createTopics(topics)

    step("Plan, then restore")
    const plan = yield* cli(
      "topics-plan-restore",
      "--once",
      "--restore-topics-regex",
      "^shop\\.customers,^shop\\.",
      "--plan-topic",
      "restore-plan",
      "--plan-topic-partitions",
      "4"
    )
    const restore = yield* cli(
      "topics-restore",
      "--once",
      "--plan-topic",
      "restore-plan",
      "--restore-topic-prefix="
    )

    step("Put the groups where they stood")
    yield* cli(
      "consumer-groups-restore",
      "--once",
      "--s3-location",
      snapshot,
      "--plan-topic",
      "restore-plan",
      "--include-groups-regexes",
      groupNames.map((group) => `^${group}$`).join(",")
    )

    step("Compare every record, read by Kafka's own Java client")
    const differences = compareRestored(before, yield* truth.consume(names))
    report(before, differences, { backup, restore: plan + restore })
    if (differences.length > 0) {
      return yield* new StackError({ step: "compare", cause: `${differences.length} differences` })
    }

    step("The groups go on")
    const groups = yield* goOn(progress, before)
    reportGroups(groups)
    if (groups.some(({ missed, twice }) => missed + twice > 0)) {
      return yield* new StackError({ step: "go on", cause: "a group is not where it stood" })
    }
    say(`\n${green(bold("Everything is back: differences 0"))}`)
  })
