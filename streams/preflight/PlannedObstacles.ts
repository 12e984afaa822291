/** What is in the way of following a plan topic, as far as that shows without a look at its files. */
import { Effect } from "effect"
import type { TargetChoice } from "../targets/PlannedTargets.ts"
import { topicsInPlan } from "../targets/PlannedTargets.ts"
import type { RestoreStep } from "./LookAhead.ts"
import { lookAhead, plainLook } from "./LookAhead.ts"

/** Sizes and times are not known: nothing is said of them. */
const unsurveyed = {
  files: 0,
  bytes: 0,
  largestPartition: 0,
  damages: [],
  records: undefined,
  largestRecord: 0,
  minTimestamp: undefined,
  maxTimestamp: undefined
}

/** Missing topics, too few partitions, rights, rewritten timestamps, too many replicas asked for. */
export const plannedObstacles = (choice: TargetChoice) =>
  Effect.flatMap(topicsInPlan(choice), (topics) => {
    const steps = topics.map((
      { leastPartitions, plannedPartitions, source, target }
    ): RestoreStep => ({
      target,
      source: {
        ...unsurveyed,
        topic: source,
        partitions: new Set([plannedPartitions - 1]),
        partitionCount: leastPartitions
      }
    }))
    return lookAhead(steps, { ...plainLook, failOnExistingData: false, disk: false })
  })
