/** What `topics-plan-restore` does: it writes down which archive files to restore, in order. */
import { Console, Effect, Stream } from "effect"
import { planRestore } from "../../../streams/PlanRestore.ts"
import { checkArchive } from "../ArchiveCheck.ts"
import { choiceOf } from "../ChoiceFlags.ts"
import type { topicsPlanRestoreFlags } from "../commands/topicsPlanRestore.ts"
import type { Settings } from "../CommandSpec.ts"
import type { Values } from "../Flag.ts"
import { planLive } from "../Live.ts"
import { serveUntilStopped } from "../Progress.ts"

type Flags = Values<typeof topicsPlanRestoreFlags>

const optionsOf = (flags: Flags) => ({
  topics: flags.restoreTopicsRegex,
  exclude: flags.excludeTopicsRegex,
  choice: choiceOf(flags),
  prefix: flags.prefix,
  planTopic: flags.planTopic,
  planTopicPartitions: flags.planTopicPartitions === 0 ? undefined : flags.planTopicPartitions,
  processLargeTopicsLast: flags.processLargeTopicsLast,
  largeTopicThresholdMb: flags.largeTopicThresholdMb,
  generation: flags.generation,
  dryRun: flags.dryRun
})

const plan = (flags: Flags) => {
  const checked = checkArchive({ prefix: flags.prefix, write: false })
  const files = Stream.concat(Stream.execute(checked), planRestore(optionsOf(flags)))
  if (flags.dryRun) {
    return Stream.runForEach(
      files,
      ({ index, key, partition, topic }) => Console.log([topic, partition, index, key].join("\t"))
    )
  }
  return Effect.gen(function*() {
    const count = yield* Stream.runCount(files)
    yield* Effect.annotateLogs(Effect.logInfo("the plan is complete"), "planned_files", count)
    if (flags.once) return
    return yield* serveUntilStopped
  })
}

export const whenStopped = ({ own }: Settings<Flags>): string =>
  own.dryRun
    ? "nothing was written; the same command begins anew"
    : "what is planned stays; the same command plans the rest, and each file once"

export const work = (settings: Settings<Flags>) =>
  Effect.provide(plan(settings.own), planLive(settings))
