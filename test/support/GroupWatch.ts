/** Who owns what in a consumer group, by what its members log. */
import { Effect } from "effect"
import { Kafka } from "../../services/Kafka.ts"
import type { Command, NotSeen } from "./CommandLine.ts"

/** Number of partitions that the member owns. */
export const share = ({ log }: Command): number => {
  const told = log().filter(({ msg }) =>
    msg === "partitions assigned" || msg === "partitions revoked"
  )
  return Number(told.at(-1)?.["owned"] ?? 0)
}

/** Waits until each member owns so many partitions. */
export const sharesAre = (
  wanted: ReadonlyArray<readonly [Command, number]>
): Effect.Effect<void, NotSeen> =>
  Effect.forEach(
    wanted,
    ([member, partitions]) =>
      member.until(
        `does not come to own ${partitions} partitions`,
        Effect.sync(() => wanted.every(([each, count]) => share(each) === count))
      ),
    { discard: true }
  )

/** Ends the membership of a killed member, as its coordinator does after 45 seconds of silence. */
export const expireSession = (group: string, { log }: Command) =>
  Effect.flatMap(Kafka, (kafka) => {
    const joined = log().findLast(({ msg }) => msg === "group joined")
    return kafka.leaveGroup(group, String(joined?.["member"] ?? ""))
  })

/** A stretch of time in which a member owned a partition; milliseconds since the epoch. */
export interface Ownership {
  readonly member: string
  readonly partition: string
  readonly from: number
  readonly until: number
}

export interface Handover {
  readonly owned: boolean
  readonly time: number
  readonly partitions: ReadonlyArray<string>
}

/** From what a member was told, in order; what it still owns it owns for ever. */
export const ownerships = (
  member: string,
  handovers: ReadonlyArray<Handover>
): ReadonlyArray<Ownership> => {
  const open = new Map<string, number>()
  const all: Array<Ownership> = []
  for (const { owned, partitions, time } of handovers) {
    for (const partition of partitions) {
      const from = open.get(partition)
      if (owned) open.set(partition, time)
      else if (from !== undefined) {
        all.push({ member, partition, from, until: time })
        open.delete(partition)
      }
    }
  }
  for (const [partition, from] of open) all.push({ member, partition, from, until: Infinity })
  return all
}

/** The handovers that one of our members has logged; by leaving it gives up all. */
export const handoversOf = ({ log }: Command): ReadonlyArray<Handover> => {
  const seen = new Set<string>()
  const handovers: Array<Handover> = []
  for (const { msg, partitions, time } of log()) {
    const names = String(partitions).split(" ")
    const at = Date.parse(time)
    if (msg === "owned from now on") {
      handovers.push({ owned: true, time: at, partitions: names })
      for (const name of names) seen.add(name)
    }
    if (msg === "no longer owned") handovers.push({ owned: false, time: at, partitions: names })
    if (msg === "leaving group") handovers.push({ owned: false, time: at, partitions: [...seen] })
  }
  return handovers
}

/** One sentence for each time that two members owned a partition at once. */
export const conflicts = (all: ReadonlyArray<Ownership>): ReadonlyArray<string> =>
  all.flatMap((one, at) =>
    all.slice(at + 1).flatMap((other) =>
      one.partition === other.partition && one.member !== other.member &&
        one.from < other.until && other.from < one.until
        ? [`${one.partition}: ${one.member} and ${other.member} from ${one.from} and ${other.from}`]
        : []
    )
  )
