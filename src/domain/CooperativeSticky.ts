/**
 * The cooperative-sticky assignor (KIP-429): who of a consumer group is to own which partition.
 * Balanced first, sticky second, and nothing goes from one live owner to another in one round.
 */
import { evenOut } from "./EvenOut.ts"
import type { TopicPartition } from "./TopicPartition.ts"
import { topicPartitionName } from "./TopicPartition.ts"

export interface GroupMember {
  readonly memberId: string
  readonly topics: ReadonlyArray<string>
  /** What the member says it owns, and in which generation it got it; -1 for none. */
  readonly owned: ReadonlyArray<TopicPartition>
  readonly generation: number
}

/** By member id, in the order of ids; each in topic and partition order. */
export type GroupAssignment = ReadonlyMap<string, ReadonlyArray<TopicPartition>>

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

interface Claims {
  /** Indexes of all members that say they own it. */
  readonly claimants: Array<number>
  highest: number
  /** The one claimant of the highest generation; undefined when several share that generation. */
  rightful: number | undefined
}

const claimsOf = (members: ReadonlyArray<GroupMember>): Map<string, Claims> => {
  const claims = new Map<string, Claims>()
  members.forEach((member, index) => {
    for (const name of new Set(member.owned.map(topicPartitionName))) {
      const known = claims.get(name)
      if (known === undefined) {
        claims.set(name, { claimants: [index], highest: member.generation, rightful: index })
        continue
      }
      known.claimants.push(index)
      if (member.generation > known.highest) {
        known.highest = member.generation
        known.rightful = index
      } else if (member.generation === known.highest) known.rightful = undefined
    }
  })
  return claims
}

/**
 * Counts differ by no more than the subscriptions force. A member keeps what it owns unless balance
 * takes it away. Of contradicting claims the one with the highest generation holds; equal ones are
 * all void. A partition that a live member has to give up first is left out, to be assigned in the
 * next round, which that member starts by rejoining. The same input gives the same answer.
 *
 * `partitionCounts` holds the topics that exist.
 */
export const assignCooperatively = (
  group: ReadonlyArray<GroupMember>,
  partitionCounts: ReadonlyMap<string, number>
): GroupAssignment => {
  const members = [...group].sort((a, b) => byText(a.memberId, b.memberId))
  const claims = claimsOf(members)
  const subscribers = new Map<string, Array<number>>()
  members.forEach((member, index) => {
    for (const topic of new Set(member.topics)) {
      const known = subscribers.get(topic)
      if (known === undefined) subscribers.set(topic, [index])
      else known.push(index)
    }
  })

  const wanted = [...subscribers].sort(([a], [b]) => byText(a, b)).flatMap(([topic, eligible]) =>
    Array.from({ length: partitionCounts.get(topic) ?? 0 }, (_, partition) => {
      const claim = claims.get(topicPartitionName({ topic, partition }))
      const rightful = claim?.rightful
      const owner = rightful !== undefined && eligible.includes(rightful) ? rightful : undefined
      return { item: { topic, partition }, claim, eligible, owner }
    })
  )
  const planned = evenOut(members.length, wanted)

  const assigned = members.map((): Array<TopicPartition> => [])
  wanted.forEach(({ claim, item }, index) => {
    const owner = planned[index]
    if (owner === undefined) return
    const free = claim === undefined || claim.rightful === owner
    if (free) assigned[owner]?.push(item)
  })
  return new Map(members.map((member, index) => [member.memberId, assigned[index] ?? []]))
}
