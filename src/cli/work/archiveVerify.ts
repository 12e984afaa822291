/** What `archive-verify` does: it reads all of the archive, and says what is wrong. */
import { Clock, Data, Effect, Stream } from "effect"
import { ObjectStore } from "../../../services/ObjectStore.ts"
import { ReportFile } from "../../../services/ReportFile.ts"
import type { Finding } from "../../../streams/archive/Finding.ts"
import type { VerifiedPartition } from "../../../streams/VerifyArchive.ts"
import { verifyArchive } from "../../../streams/VerifyArchive.ts"
import type { ComparedPartition } from "../../../streams/VerifyRestored.ts"
import { verifyRestored } from "../../../streams/VerifyRestored.ts"
import { everything } from "../../domain/RestoreChoice.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import type { archiveVerifyFlags } from "../commands/archiveVerify.ts"
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

/** What `-restored-prefix` says by default. */
const noPrefix = "none"

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

const verify = ({ kafka, operations, own }: ProofSettings<Flags>) =>
  Effect.gen(function*() {
    const { output, prefix, report: path, restoredPrefix, topic } = own
    const files = yield* ReportFile
    // Before everything is read, not after.
    if (path !== "") yield* Effect.forEach([path, jsonBeside(path)], files.check)
    yield* checkArchive({ prefix, write: false })
    const store = yield* ObjectStore
    const findings: Array<Finding> = []
    const partitions: Array<VerifiedPartition> = []
    const compared: Array<ComparedPartition> = []
    const wanted = topic === "" ? undefined : topic
    yield* Stream.runForEach(verifyArchive({ prefix, topic: wanted }), (event) =>
      Effect.sync(() => {
        if (event.kind === "finding") findings.push(event.finding)
        else partitions.push(event.verified)
      })).pipe(showProgress(operations, { steps: "bytes", doing: "read" }))
    if (restoredPrefix !== noPrefix) {
      const options = { prefix, topic: wanted, topicPrefix: restoredPrefix, choice: everything }
      yield* Stream.runForEach(verifyRestored(options), (event) =>
        Effect.sync(() => {
          if (event.kind === "finding") findings.push(event.finding)
          else compared.push(event.compared)
        })).pipe(
          showProgress(operations, { steps: undefined, doing: "compared" }),
          Effect.provide(kafkaLive(kafka))
        )
    }
    const report = { archive: store.name, prefix, findings, partitions, compared }
    yield* writeOut(output === "json" ? verifyJson(report) : verifyTable(report))
    if (path !== "") yield* writeReport(path, report)
    const errors = errorsIn(findings)
    if (errors === 0) return
    const message = `not all is as it should be: ${counted(errors, "error")}, each named above`
    return yield* new ArchiveNotWhole({ message })
  })

export const whenStopped = (): string =>
  "nothing was changed; the same command begins anew, -topic verifies one topic alone"

export const work = (settings: ProofSettings<Flags>) =>
  Effect.provide(verify(settings), archiveLive(settings))
