/** A consumer group member on Apache Kafka's Java client, to share a group with ours. */
import { Effect } from "effect"
import { StackAddresses } from "../stack/Stack.ts"
import { startJava } from "./JavaProgram.ts"

interface Place {
  readonly topic: string
  readonly partition: number
}

export interface MembershipEvent {
  readonly event: "assigned" | "revoked" | "lost"
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly partitions: ReadonlyArray<Place>
}

type Line = MembershipEvent | { readonly record: Place & { readonly offset: number } }

export interface MemberRequest {
  readonly group: string
  readonly topics: ReadonlyArray<string>
  /** The Java consumer's own settings on top. */
  readonly config?: Readonly<Record<string, string>>
}

const name = ({ partition, topic }: Place): string => `${topic}-${partition}`

/**
 * Joins with the cooperative-sticky assignor, or as `group.protocol` in `config` says; ends with
 * the scope, then without a farewell.
 */
export const javaMember = (request: MemberRequest) =>
  Effect.gen(function*() {
    const { internalBrokers, libs } = yield* StackAddresses
    const events: Array<MembershipEvent> = []
    const records: Array<Place & { readonly offset: number }> = []
    const owned = new Set<string>()
    const onLine = (text: string): void => {
      const line: Line = JSON.parse(text)
      if ("record" in line) return void records.push(line.record)
      events.push(line)
      for (const place of line.partitions) {
        if (line.event === "assigned") owned.add(name(place))
        else owned.delete(name(place))
      }
    }
    const args = [internalBrokers, JSON.stringify(request)]
    const program = yield* startJava("Member.java", libs, args, onLine)
    return {
      /** Everything told so far, in order. */
      events: Effect.sync(() => [...events]),
      /** Places of the records read so far, in order. */
      records: Effect.sync(() => [...records]),
      /** `topic-partition` names of what it owns now, sorted. */
      owned: Effect.sync(() => [...owned].sort()),
      /** Stops polling: after max.poll.interval.ms the group goes on without it. */
      pause: program.write("pause"),
      resume: program.write("resume"),
      /** Leaves the group and ends. */
      leave: program.close,
      /** Ends without leaving. */
      kill: program.signal("SIGKILL")
    }
  })

/** A member of a share group, for Kafka 4.2 and later; ends as the other does. */
export const javaShareMember = ({ group, topics }: Omit<MemberRequest, "config">) =>
  Effect.gen(function*() {
    const { internalBrokers, libs } = yield* StackAddresses
    const args = [internalBrokers, JSON.stringify({ group, topics })]
    const program = yield* startJava("ShareMember.java", libs, args, () => {})
    return {
      /** Leaves the group and ends. */
      leave: program.close
    }
  })
