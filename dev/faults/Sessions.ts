/**
 * Ends memberships earlier than the session timeout of 45 s would: in that time a run of minutes
 * would be over.
 */
import { Effect } from "effect"
import type { StackControl } from "../stack/Stack.ts"
import type { Program } from "./Program.ts"
import { backupGroup, restoreGroup } from "./Programs.ts"
import { dropMember, groupMembers } from "./RawKafka.ts"

const groups = [backupGroup, restoreGroup] as const

export const groupOf = (name: string): string | undefined =>
  groups.find((group) => name.startsWith(group))

/** A member that nobody answers for is dropped when it is seen twice, so long apart. */
const sweepMs = 6000

export const makeSessions = (stack: StackControl, programs: Iterable<Program>) => {
  const ports = stack.nodes.map(({ address }) => address.internalPort)
  const membersOf = (group: string) =>
    Effect.map(Effect.forEach(ports, (port) => groupMembers(port, group)), (all) => all.flat())
  const drop = (group: string, member: string) =>
    Effect.forEach(ports, (port) => dropMember(port, group, member), { discard: true })
  const dropped = (group: string, members: ReadonlyArray<string>) =>
    Effect.forEach(members, (member) => drop(group, member), { discard: true })

  /**
   * Members that no program knows: of one that is gone, or whose answer got lost, so that it has
   * joined again under another id. One that is just joining is hit too, and joins again.
   */
  const orphans = (group: string) =>
    Effect.map(membersOf(group), (members) => {
      const known = [...programs].map((program) => program.member())
      return members.filter((member) => !known.includes(member) && !spared.has(member))
    })
  const before = new Set<string>()
  const spared = new Set<string>()
  const sweep = (group: string) =>
    Effect.gen(function*() {
      const now = yield* orphans(group)
      yield* dropped(group, now.filter((member) => before.has(member)))
      for (const member of now) before.add(member)
    })
  return {
    /** As the coordinator does when it has not heard of the program for too long. */
    expire: (program: Program): Effect.Effect<void> => {
      const group = groupOf(program.name)
      const member = program.member()
      return group === undefined || member === undefined ? Effect.void : drop(group, member)
    },
    /** The program will be killed; this session ends by itself. */
    spare: (program: Program) => Effect.sync(() => void spared.add(program.member() ?? "")),
    /** Never returns. */
    sweeping: Effect.forever(
      Effect.zipRight(Effect.sleep(sweepMs), Effect.forEach(groups, sweep))
    ),
    /** For when no program runs. */
    expireAll: Effect.forEach(
      groups,
      (group) => Effect.flatMap(membersOf(group), (members) => dropped(group, members)),
      { discard: true }
    )
  }
}
