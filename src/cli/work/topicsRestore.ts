/** What `topics-restore` does: it follows a plan and puts the records of its archive files back. */
import { Effect } from "effect"
import type { RestoredFile, RestoreIncomplete } from "../../../streams/restore/Outcome.ts"
import { restoreTopics } from "../../../streams/RestoreTopics.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { choiceOf } from "../ChoiceFlags.ts"
import type { topicsRestoreFlags } from "../commands/topicsRestore.ts"
import type { LongSettings } from "../CommandSpec.ts"
import { makeTargets } from "../CreateTargets.ts"
import type { Values } from "../Flag.ts"
import { restoreLive, supervisorLive } from "../Live.ts"
import { runTelling } from "../Progress.ts"
import { showProgress } from "../ShowProgress.ts"
import { supervise } from "../Supervise.ts"
import { warnOfTargets } from "../WarnOfTargets.ts"
import type { WorkerPlace } from "../Workers.ts"
import { shareWork } from "../Workers.ts"
import { PartlyDone } from "../WorkersFailed.ts"

type Flags = Values<typeof topicsRestoreFlags>

const finished = "the restore is complete"

const optionsOf = (flags: Flags, workers: number) => ({
  planTopic: flags.planTopic,
  topicPrefix: flags.topicPrefix,
  groupId: flags.groupId,
  exclude: flags.excludeTopicsRegexes,
  choice: choiceOf(flags),
  maxBytesPerSecond: flags.maxBytesPerSecond / workers,
  failOnExistingData: flags.failOnExistingData,
  compression: flags.compressionType,
  consumeDelayMs: flags.consumeDelay,
  once: flags.once
})

export const tellRestored = ({ bytes, key, partition, records, skipped, topic }: RestoredFile) => ({
  message: skipped ? "archive file was restored already" : "archive file restored",
  fields: { key, topic, partition },
  records,
  bytes
})

/** A line for each partition that could not be restored. */
export const nameEach = ({ failures }: RestoreIncomplete) =>
  Effect.forEach(
    failures,
    ({ file, partition, reason, topic }) =>
      Effect.annotateLogs(Effect.logError("partition not restored"), {
        topic,
        partition,
        error: reason,
        ...(file === undefined ? {} : { file })
      }),
    { discard: true }
  ).pipe(Effect.zipRight(
    new PartlyDone({
      message: (failures.length === 1
        ? "1 partition could not be restored, named above; "
        : `${failures.length} partitions could not be restored, each named above; `) +
        "repair what is said there and run the same command again, it goes on where it stopped"
    })
  ))

const member = (settings: LongSettings<Flags>, { workers }: WorkerPlace) =>
  checkArchive({ prefix: "", write: false }).pipe(
    Effect.zipRight(
      runTelling(restoreTopics(optionsOf(settings.own, workers)), tellRestored, finished)
    ),
    Effect.catchTag("RestoreIncomplete", nameEach),
    Effect.provide(restoreLive(settings))
  )

export const whenStopped = (): string =>
  "what is restored stays, nothing is lost or doubled; the same command goes on from there"

export const work = (settings: LongSettings<Flags>) => {
  const { createTopics, once, topicConfig, workers } = settings.own
  const options = optionsOf(settings.own, 1)
  const targets = makeTargets(settings, createTopics ? options : undefined, topicConfig)
  return shareWork(workers, {
    member: (place) => member(settings, place),
    prepare: () => Effect.zipRight(targets.prepare, warnOfTargets(settings, options)),
    supervise: (workers) =>
      Effect.provide(supervise(workers, finished), supervisorLive(settings, workers))
  }).pipe(
    Effect.tap(() => once ? targets.finish : Effect.void),
    showProgress(settings.operations, { steps: "files", doing: "restored" })
  )
}
