/** All groups of the cluster, asked of every broker, and whose groups are missing. */
import { Effect, Either, Schedule } from "effect"
import { describeGroups } from "../../src/codec/kafka/DescribeGroups.ts"
import type { KafkaErrorName } from "../../src/codec/kafka/ErrorCodes.ts"
import * as ListApi from "../../src/codec/kafka/ListGroups.ts"
import type { KafkaError, ListedGroup, ListedGroups } from "../Kafka.ts"
import type { Connections } from "./Calls.ts"
import { accepted, askMetadata, failed } from "./Calls.ts"
import { CoordinatorProbes, offsetsTopic } from "./CoordinatorProbes.ts"
import type { Coordinators } from "./Coordinators.ts"
import { backoff } from "./Coordinators.ts"

const groupLane = "group"
const operation = "listGroups"
/** Brokers asked at the same time. */
const concurrency = 32
/** Milliseconds for one broker, with all that is asked again. */
const oneBrokerMs = 20_000

/** The broker is there, and will answer soon. */
const starting: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  "COORDINATOR_LOAD_IN_PROGRESS",
  "COORDINATOR_NOT_AVAILABLE"
])

interface Pass {
  readonly listed: ListedGroups
  /** A partition is on its way to a broker that is there. */
  readonly moving: boolean
}

/** Such a move takes moments; the last pass is the answer. */
const untilMoved = Schedule.identity<Pass>().pipe(
  Schedule.whileInput<Pass>(({ moving }) => moving),
  Schedule.zipLeft(Schedule.spaced("300 millis")),
  Schedule.zipLeft(Schedule.recurs(10))
)

const byName = (a: ListedGroup, b: ListedGroup): number =>
  a.groupId < b.groupId ? -1 : a.groupId > b.groupId ? 1 : 0

const isOver = ({ state }: ListedGroup): boolean => state === "" || state === "Dead"

export const makeGroupListing = (connections: Connections, coordinators: Coordinators) => {
  /** The lane keeps the order: probes, groups, probes. */
  const askOnce = (broker: number, probes: ReadonlyArray<string>) => {
    const to = { broker, lane: groupLane }
    const probe = connections.call(to, describeGroups, probes)
    const list = connections.call(to, ListApi.listGroups, undefined)
    return Effect.all([probe, list, probe], { concurrency: 3 }).pipe(
      Effect.flatMap(([before, answer, after]) =>
        Effect.map(accepted(answer, operation, `broker ${broker}`), ({ groups }) => (
          { before, groups, after }
        ))
      )
    )
  }

  const ask = (broker: number, probes: ReadonlyArray<string>) =>
    askOnce(broker, probes).pipe(
      Effect.retry({ schedule: backoff, while: ({ reason }) => starting.has(reason) }),
      // A connection that was open may have been closed meanwhile, which says little.
      Effect.retry({ times: 1, while: ({ reason }) => reason === "CONNECTION_FAILED" }),
      Effect.timeoutFail({
        duration: oneBrokerMs,
        onTimeout: () => {
          const detail = `no answer within ${oneBrokerMs} ms`
          return failed("REQUEST_TIMED_OUT", operation, `broker ${broker}`, detail)
        }
      }),
      Effect.either,
      Effect.map((answer) => ({ broker, answer }))
    )

  const listOnce = Effect.gen(function*() {
    const metadata = yield* askMetadata(connections, [offsetsTopic])
    const probes = new CoordinatorProbes(metadata)
    const groups = new Map<string, ListedGroup>()
    const unanswered = new Map<number, KafkaError>()
    const answers = yield* Effect.forEach(
      metadata.brokers,
      ({ nodeId }) => ask(nodeId, probes.names),
      { concurrency }
    )
    for (const { answer, broker } of answers) {
      if (Either.isLeft(answer)) {
        unanswered.set(broker, answer.left)
        continue
      }
      probes.answered(broker, answer.right.before, answer.right.after)
      for (const group of answer.right.groups) {
        // While a group moves, its old coordinator may still name it, and then as one that is over.
        const other = groups.get(group.groupId)
        if (other !== undefined && !isOver(other)) continue
        groups.set(group.groupId, group)
        coordinators.remember("group", group.groupId, broker)
      }
    }
    const [first] = unanswered.values()
    if (first !== undefined && unanswered.size === answers.length) return yield* first
    let moving = false
    for (const [broker, partitions] of probes.missing) {
      if (unanswered.has(broker)) continue
      moving ||= metadata.brokers.some(({ nodeId }) => nodeId === broker)
      const detail = `nobody answers for the groups in ${offsetsTopic} ${partitions.join(", ")}`
      const subject = `broker ${broker}`
      unanswered.set(broker, failed("COORDINATOR_NOT_AVAILABLE", operation, subject, detail))
    }
    const listed = {
      groups: [...groups.values()].sort(byName),
      unanswered: [...unanswered].map(([broker, error]) => ({ broker, error }))
    }
    const pass: Pass = { moving, listed }
    return pass
  })

  const listGroups = Effect.map(Effect.repeat(listOnce, untilMoved), ({ listed }) => listed)

  return { listGroups }
}
