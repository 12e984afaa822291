/** Members of one group on the cluster in memory, and a referee who watches what they own. */
import { assert } from "@effect/vitest"
import { Effect, Exit, Scope, TestClock } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { TopicPartition } from "../../src/domain/TopicPartition.ts"
import { topicPartitionName } from "../../src/domain/TopicPartition.ts"
import type { GroupMembership, JoinGroupOptions } from "../../streams/GroupMembership.ts"
import { joinGroup } from "../../streams/GroupMembership.ts"
import { MemoryFaults } from "./kafka/MemoryFaults.ts"
import * as KafkaMemory from "./KafkaMemory.ts"

type What = "assigned" | "revoked" | "lost"

/** Keeps the books on who owns what, by what the handlers are told. */
export class Referee {
  /** Partitions that got a second owner. */
  readonly offences: Array<string> = []
  readonly events: Array<readonly [member: string, What, ReadonlyArray<string>]> = []
  readonly #owners = new Map<string, string>()

  saw(member: string, what: What, partitions: ReadonlyArray<TopicPartition>): void {
    const names = partitions.map(topicPartitionName)
    // A join that brings nothing is told too, but changes nothing.
    if (names.length > 0) this.events.push([member, what, names])
    for (const name of names) {
      const owner = this.#owners.get(name)
      if (what === "assigned") {
        if (owner !== undefined) this.offences.push(`${name} given to ${member}, owned by ${owner}`)
        this.#owners.set(name, member)
      } else if (owner === member) this.#owners.delete(name)
    }
  }

  /** Number of partitions by member. */
  shares(): Record<string, number> {
    const shares: Record<string, number> = {}
    for (const owner of this.#owners.values()) shares[owner] = (shares[owner] ?? 0) + 1
    return shares
  }

  of(member: string, what: What): ReadonlyArray<string> {
    return this.events.filter(([who, event]) => who === member && event === what)
      .flatMap(([, , names]) => names)
  }

  /** The cluster took this member's ownership without its knowing. */
  forget(member: string): void {
    for (const [name, owner] of this.#owners) if (owner === member) this.#owners.delete(name)
  }
}

export interface TestMember {
  readonly name: string
  readonly wants: ReadonlyArray<string>
  readonly membership: GroupMembership
  readonly faults: MemoryFaults
  readonly kafka: Kafka["Type"]
  readonly scope: Scope.CloseableScope
  readonly close: Effect.Effect<void>
}

export interface MemberOptions extends Partial<Omit<JoinGroupOptions, "handlers">> {
  /** In the handler, before the referee is told. */
  readonly beforeRevoked?: (
    membership: () => GroupMembership | undefined,
    partitions: ReadonlyArray<TopicPartition>
  ) => Effect.Effect<void>
  readonly beforeAssigned?: Effect.Effect<void>
}

export const groupId = "the-group"

/** Joins the group; leaves it when closed, or with the test. */
export const startMember = Effect.fnUntraced(function*(
  referee: Referee,
  name: string,
  { beforeAssigned, beforeRevoked, topics = ["t"], ...options }: MemberOptions = {}
) {
  const cluster = yield* KafkaMemory.Cluster
  const faults = new MemoryFaults()
  const kafka = KafkaMemory.connect(cluster, faults)
  const scope = yield* Effect.acquireRelease(
    Scope.make(),
    (scope) => Scope.close(scope, Exit.void)
  )
  let known: GroupMembership | undefined
  const tell = (what: What) => (partitions: ReadonlyArray<TopicPartition>) =>
    Effect.sync(() => referee.saw(name, what, partitions))
  const membership = yield* joinGroup({
    groupId,
    topics,
    ...options,
    handlers: {
      assigned: (all) => Effect.zipRight(beforeAssigned ?? Effect.void, tell("assigned")(all)),
      revoked: (all) =>
        Effect.zipRight(beforeRevoked?.(() => known, all) ?? Effect.void, tell("revoked")(all)),
      lost: tell("lost")
    }
  }).pipe(Effect.provideService(Kafka, kafka), Scope.extend(scope))
  known = membership
  const close = Effect.zipRight(
    Scope.close(scope, Exit.void),
    Effect.sync(() => referee.forget(name))
  )
  return { name, wants: topics, membership, faults, kafka, scope, close } satisfies TestMember
})

/** Lets so many seconds pass, one by one, so that everybody acts when it is time. */
export const pass = (seconds: number) =>
  Effect.repeatN(TestClock.adjust("1 seconds"), Math.max(0, seconds - 1))

export const expectShares = (referee: Referee, shares: Record<string, number>) =>
  Effect.sync(() => {
    assert.deepStrictEqual(referee.offences, [])
    assert.deepStrictEqual(referee.shares(), shares)
  })

export const offset = (partition: number, value = 7n, topic = "t") => (
  { topic, partition, offset: value, leaderEpoch: -1, metadata: null }
)
