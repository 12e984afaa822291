/** What `archive-verify` does: it reads all of the archive, and says what is wrong. */
import { Clock, Data, Effect, Stream } from "effect"
import { Kafka } from "../../../services/Kafka.ts"
import { ObjectStore } from "../../../services/ObjectStore.ts"
import { ReportFile } from "../../../services/ReportFile.ts"
import type { Finding } from "../../../streams/archive/Finding.ts"
import type { LivePartition } from "../../../streams/archive/LivePartition.ts"
import { unarchivedIn } from "../../../streams/archive/Unarchived.ts"
import type { VerifiedPartition } from "../../../streams/VerifyArchive.ts"
import { verifyArchive } from "../../../streams/VerifyArchive.ts"
import { verifyLive } from "../../../streams/VerifyLive.ts"
import type { ComparedPartition } from "../../../streams/VerifyRestored.ts"
import { verifyRestored } from "../../../streams/VerifyRestored.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { choiceOf } from "../ChoiceFlags.ts"
import type { archiveVerifyFlags } from "../commands/archiveVerify.ts"
import { noPrefix } from "../commands/archiveVerify.ts"
import type { ProofSettings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { archiveLive, kafkaLive } from "../Live.ts"
import { writeOut } from "../Output.ts"
import { showProgress } from "../ShowProgress.ts"
import { counted } from "../Table.ts"
import { verifyPage } from "../VerifyPage.ts"
import type { VerifyReport } from "../VerifyReport.ts"
import { errorsIn, verifyJson, verifyTable } from "../VerifyReport.ts"

type Flags = Values<typeof archiveVerifyFlags>

class ArchiveNotWhole extends Data.TaggedError("ArchiveNotWhole")<{
  readonly message: string
}> {}

/** The page, and the same as JSON beside it. */
const writeReport = (path: string, report: VerifyReport) =>
  Effect.gen(function*() {
    const files = yield* ReportFile
    const madeAt = new Date(yield* Clock.currentTimeMillis).toISOString()
    yield* files.write(path, verifyPage(report, madeAt))
    yield* files.write(jsonBeside(path), verifyJson(report))
  })

const jsonBeside = (path: string): string => path.replace(/\.html?$/i, ".json")

interface Found extends Omit<VerifyReport, "archive" | "prefix"> {
  readonly findings: Array<Finding>
  readonly partitions: Array<VerifiedPartition>
  readonly compared: Array<ComparedPartition>
  readonly live: Array<LivePartition>
}

const readArchive = ({ operations, own }: ProofSettings<Flags>, found: Found) =>
  Stream.runForEach(
    verifyArchive({ prefix: own.prefix, topic: topicOf(own) }),
    (event) =>
      Effect.sync(() => {
        if (event.kind === "finding") found.findings.push(event.finding)
        else found.partitions.push(event.verified)
      })
  ).pipe(showProgress(operations, { steps: "bytes", doing: "read" }))

const topicOf = ({ topic }: Flags): string | undefined => topic === "" ? undefined : topic

const comparing = { steps: undefined, doing: "compared" } as const

const compareRestored = ({ kafka, operations, own }: ProofSettings<Flags>, found: Found) => {
  const options = {
    prefix: own.prefix,
    topic: topicOf(own),
    topicPrefix: own.restoredPrefix,
    choice: choiceOf(own)
  }
  return Stream.runForEach(verifyRestored(options), (event) =>
    Effect.sync(() => {
      if (event.kind === "finding") found.findings.push(event.finding)
      else found.compared.push(event.compared)
    })).pipe(showProgress(operations, comparing), Effect.provide(kafkaLive(kafka)))
}

const compareCluster = ({ kafka, operations, own }: ProofSettings<Flags>, found: Found) =>
  Stream.runForEach(
    verifyLive({ prefix: own.prefix, topic: topicOf(own) }),
    (event) =>
      Effect.sync(() => {
        if (event.kind === "finding") found.findings.push(event.finding)
        else found.live.push(event.compared)
      })
  ).pipe(
    Effect.zipRight(Effect.sync(() => void found.findings.push(...unarchivedIn(found.live)))),
    showProgress(operations, comparing),
    Effect.provide(kafkaLive(kafka))
  )

/** To learn that it does not answer before everything is read, not after. */
const reachCluster = ({ kafka }: ProofSettings<Flags>) =>
  Effect.flatMap(Kafka, ({ metadata }) => metadata([])).pipe(Effect.provide(kafkaLive(kafka)))

const verify = (settings: ProofSettings<Flags>) =>
  Effect.gen(function*() {
    const { againstCluster, output, prefix, report: path, restoredPrefix } = settings.own
    const files = yield* ReportFile
    // Before everything is read, not after.
    if (path !== "") yield* Effect.forEach([path, jsonBeside(path)], files.check)
    yield* checkArchive({ prefix, write: false })
    const store = yield* ObjectStore
    const withRestored = restoredPrefix !== noPrefix
    if (withRestored || againstCluster) yield* reachCluster(settings)
    const found: Found = { findings: [], partitions: [], compared: [], live: [] }
    yield* readArchive(settings, found)
    // What has been found so far is said all the same when the cluster does not answer.
    const rest = yield* Effect.either(
      Effect.zipRight(
        Effect.when(compareRestored(settings, found), () => withRestored),
        Effect.when(compareCluster(settings, found), () => againstCluster)
      )
    )
    const report = { archive: store.name, prefix, ...found }
    yield* writeOut(output === "json" ? verifyJson(report) : verifyTable(report))
    if (path !== "") yield* writeReport(path, report)
    yield* rest
    const errors = errorsIn(found.findings)
    if (errors === 0) return
    const message = `not all is as it should be: ${counted(errors, "error")}, each named above`
    return yield* new ArchiveNotWhole({ message })
  })

export const whenStopped = (): string =>
  "nothing was changed; the same command begins anew, -topic verifies one topic alone"

export const work = (settings: ProofSettings<Flags>) =>
  Effect.provide(verify(settings), archiveLive(settings))
