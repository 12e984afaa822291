/** Takes plan records into the state of their plan partition. */
import { Either } from "effect"
import type { ReadRecord } from "../../src/codec/PlainRecords.ts"
import { partitionOfKey } from "../../src/domain/Murmur2.ts"
import { fromPlanRecord, planPlaces } from "../../src/domain/Plan.ts"
import { isChosen } from "../../src/domain/RestoreChoice.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import { RestoreFailure } from "./Outcome.ts"
import type { PlanEntry, Target } from "./PlanState.ts"
import type { PlanContext } from "./RestoreContext.ts"

export interface Intake {
  readonly target: Target
  readonly entry: PlanEntry
}

/** For which target a plan record is, if for any that is restored; a failure when it cannot tell. */
export const intakeOf = (
  context: PlanContext,
  planPartitions: number,
  record: ReadRecord
): Intake | RestoreFailure | undefined => {
  const { options, plan, state } = context
  const parsed = fromPlanRecord(record)
  const source = Either.match(parsed, { onLeft: (error) => error.source, onRight: (file) => file })
  if (source === undefined) {
    const where = `plan record at ${topicPartitionName(plan)} offset ${record.offset}`
    const problem = Either.isLeft(parsed) ? parsed.left.message : ""
    return new RestoreFailure({
      partition: plan,
      reason: `${where} is unusable: ${problem}; plan into another plan topic`
    })
  }
  if (options.exclude(source.topic) || !isChosen(options.choice, source)) return undefined
  const target = state.target({ topic: source.topic, partition: source.partition })
  const { offset } = record
  if (Either.isLeft(parsed)) {
    return { target, entry: { offset, content: { problem: parsed.left.message } } }
  }
  const file = parsed.right
  const places = planPlaces(file).map((place) => partitionOfKey(place, planPartitions))
  if (!places.includes(plan.partition)) {
    const problem = `it belongs into plan partition ${places.join(" or ")} of ${planPartitions}: ` +
      "the plan topic got partitions after it was planned"
    return { target, entry: { offset, content: { problem } } }
  }
  return { target, entry: { offset, content: file } }
}

/** Takes a record in. A failure names the plan partition itself; restoring goes on behind it. */
export const takeIn = (
  context: PlanContext,
  planPartitions: number,
  record: ReadRecord
): RestoreFailure | undefined => {
  const intake = intakeOf(context, planPartitions, record)
  if (intake === undefined) return undefined
  if (intake instanceof RestoreFailure) {
    context.state.addUnusable(record.offset)
    return intake
  }
  // A target that is behind reads its entries again later, from where it is.
  if (intake.target.behind === undefined) context.state.add(intake.target, intake.entry)
  return undefined
}

/** Takes a record in again if it is for this target. */
export const takeInFor = (
  context: PlanContext,
  planPartitions: number,
  target: Target,
  record: ReadRecord
): void => {
  const intake = intakeOf(context, planPartitions, record)
  if (intake === undefined || intake instanceof RestoreFailure) return
  if (intake.target === target) context.state.add(target, intake.entry)
}
