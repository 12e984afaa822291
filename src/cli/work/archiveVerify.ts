/** What `archive-verify` does: it reads all of the archive, and says what is wrong. */
import { Data, Effect, Stream } from "effect"
import { ObjectStore } from "../../../services/ObjectStore.ts"
import type { Finding } from "../../../streams/archive/Finding.ts"
import type { VerifiedPartition } from "../../../streams/VerifyArchive.ts"
import { verifyArchive } from "../../../streams/VerifyArchive.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import type { archiveVerifyFlags } from "../commands/archiveVerify.ts"
import type { ArchiveSettings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { archiveLive } from "../Live.ts"
import { writeOut } from "../Output.ts"
import { counted } from "../Table.ts"
import { errorsIn, verifyJson, verifyTable } from "../VerifyReport.ts"

type Flags = Values<typeof archiveVerifyFlags>

class ArchiveNotWhole extends Data.TaggedError("ArchiveNotWhole")<{
  readonly message: string
}> {}

const verify = ({ output, prefix, topic }: Flags) =>
  Effect.gen(function*() {
    yield* checkArchive({ prefix, write: false })
    const store = yield* ObjectStore
    const findings: Array<Finding> = []
    const partitions: Array<VerifiedPartition> = []
    const wanted = topic === "" ? undefined : topic
    yield* Stream.runForEach(verifyArchive({ prefix, topic: wanted }), (event) =>
      Effect.sync(() => {
        if (event.kind === "finding") findings.push(event.finding)
        else partitions.push(event.verified)
      }))
    const report = { archive: store.name, prefix, findings, partitions }
    yield* writeOut(output === "json" ? verifyJson(report) : verifyTable(report))
    const errors = errorsIn(findings)
    if (errors === 0) return
    const message = `the archive is not whole: ${counted(errors, "error")}, each named above`
    return yield* new ArchiveNotWhole({ message })
  })

export const work = (settings: ArchiveSettings<Flags>) =>
  Effect.provide(verify(settings.own), archiveLive(settings))
