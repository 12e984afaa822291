/** A group coordinator's work for one group of the classic protocol, on the clock of Effect. */
import type { Scope } from "effect"
import { Deferred, Effect, Exit, FiberId } from "effect"
import type {
  GroupMemberRef,
  JoinRequest,
  JoinResponse,
  KafkaError
} from "../../../services/Kafka.ts"
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"
import type { GroupPhase, Member } from "./GroupState.ts"
import { commonProtocol, metadataFor, sameProtocols } from "./GroupState.ts"
import { failed } from "./MemoryFaults.ts"
import type { Operation } from "./MemoryFaults.ts"
import { MemoryOffsets } from "./MemoryOffsets.ts"

export class MemoryGroup {
  readonly groupId: string
  readonly offsets = new MemoryOffsets()
  readonly members = new Map<string, Member>()
  phase: GroupPhase = "Empty"
  generation = 0
  leaderId = ""
  /** Of the member that joined last; empty while none ever did. */
  protocolType = ""
  #protocol = ""
  #ids = 0
  #now = 0
  #due: Array<readonly [number, () => void]> = []
  readonly #scope: Scope.Scope

  constructor(groupId: string, scope: Scope.Scope) {
    this.groupId = groupId
    this.#scope = scope
  }

  /** One step of the state machine; the timers that it asked for run on behind it. */
  #step<A>(action: () => A): Effect.Effect<A> {
    return Effect.clockWith((clock) => {
      this.#now = clock.unsafeCurrentTimeMillis()
      const result = action()
      const due = this.#due.splice(0)
      return Effect.as(
        Effect.forEach(
          due,
          ([millis, run]) => Effect.forkIn(Effect.delay(this.#step(run), millis), this.#scope),
          { discard: true }
        ),
        result
      )
    })
  }

  #error(operation: Operation, reason: KafkaErrorName): KafkaError {
    return failed(operation, this.groupId, reason)
  }

  #known({ generation, memberId }: GroupMemberRef): KafkaErrorName | Member {
    const member = this.members.get(memberId)
    if (member === undefined) return "UNKNOWN_MEMBER_ID"
    return generation === this.generation ? member : "ILLEGAL_GENERATION"
  }

  #watchSession(member: Member, millis: number): void {
    this.#due.push([millis, () => {
      if (this.members.get(member.memberId) !== member) return
      const { sessionTimeoutMs } = member.request
      const waiting = member.joining !== undefined || member.syncing !== undefined
      const left = waiting ? sessionTimeoutMs : member.lastSeen + sessionTimeoutMs - this.#now
      if (left > 0) this.#watchSession(member, left)
      else this.#remove(member)
    }])
  }

  #remove(member: Member): void {
    this.members.delete(member.memberId)
    const gone = Exit.fail(this.#error("joinGroup", "UNKNOWN_MEMBER_ID"))
    if (member.joining !== undefined) Deferred.unsafeDone(member.joining, gone)
    if (member.syncing !== undefined) Deferred.unsafeDone(member.syncing, gone)
    if (this.phase === "PreparingRebalance") this.#completeJoin(false)
    else this.#prepareRebalance()
  }

  #prepareRebalance(): void {
    for (const member of this.members.values()) {
      if (member.syncing === undefined) continue
      const rejoin = this.#error("syncGroup", "REBALANCE_IN_PROGRESS")
      Deferred.unsafeDone(member.syncing, Exit.fail(rejoin))
      member.syncing = undefined
    }
    this.phase = "PreparingRebalance"
    const round = this.generation
    const patience = Math.max(
      0,
      ...[...this.members.values()].map(({ request }) => request.rebalanceTimeoutMs)
    )
    this.#due.push([patience, () => {
      if (this.phase === "PreparingRebalance" && this.generation === round) this.#completeJoin(true)
    }])
    this.#completeJoin(false)
  }

  #completeJoin(late: boolean): void {
    const missing = [...this.members.values()].filter(({ joining }) => joining === undefined)
    if (missing.length > 0 && !late) return
    for (const { memberId } of missing) this.members.delete(memberId)
    this.generation++
    const members = [...this.members.values()]
    this.phase = members.length === 0 ? "Empty" : "CompletingRebalance"
    if (!this.members.has(this.leaderId)) this.leaderId = members[0]?.memberId ?? ""
    this.#protocol = commonProtocol(members.map(({ request }) => request)) ?? ""
    for (const member of members) {
      member.lastSeen = this.#now
      const { joining } = member
      member.joining = undefined
      if (joining !== undefined) Deferred.unsafeDone(joining, Exit.succeed(this.#joined(member)))
    }
  }

  #joined({ memberId }: Member): JoinResponse {
    const members = memberId !== this.leaderId ? [] : [...this.members.values()].map((each) => ({
      memberId: each.memberId,
      metadata: metadataFor(each.request, this.#protocol)
    }))
    const { generation, leaderId } = this
    return { generation, protocol: this.#protocol, leaderId, memberId, members }
  }

  join(request: JoinRequest): Effect.Effect<JoinResponse, KafkaError> {
    return Effect.flatten(this.#step((): Effect.Effect<JoinResponse, KafkaError> => {
      const known = this.members.get(request.memberId)
      if (request.memberId !== "" && known === undefined) {
        return Effect.fail(this.#error("joinGroup", "UNKNOWN_MEMBER_ID"))
      }
      const others = [...this.members.values()].filter((member) => member !== known)
      if (commonProtocol([...others.map((other) => other.request), request]) === undefined) {
        return Effect.fail(this.#error("joinGroup", "INCONSISTENT_GROUP_PROTOCOL"))
      }
      const unchanged = known !== undefined && sameProtocols(known.request, request)
      const settled = this.phase === "Stable" && known?.memberId !== this.leaderId
      if (known !== undefined && unchanged && (settled || this.phase === "CompletingRebalance")) {
        known.lastSeen = this.#now
        return Effect.succeed(this.#joined(known))
      }
      const member = known ?? this.#welcome(request)
      member.request = request
      member.joining = Deferred.unsafeMake<JoinResponse, KafkaError>(FiberId.none)
      const answer = Deferred.await(member.joining)
      if (this.phase === "PreparingRebalance") this.#completeJoin(false)
      else this.#prepareRebalance()
      return answer
    }))
  }

  #welcome(request: JoinRequest): Member {
    const memberId = `member-${++this.#ids}`
    const nothing = { assignment: Buffer.alloc(0), joining: undefined, syncing: undefined }
    const member = { memberId, request, lastSeen: this.#now, ...nothing }
    this.protocolType = request.protocolType
    this.members.set(memberId, member)
    this.#watchSession(member, request.sessionTimeoutMs)
    return member
  }

  sync(
    ref: GroupMemberRef,
    assignments: ReadonlyArray<{ readonly memberId: string; readonly assignment: Buffer }>
  ): Effect.Effect<Buffer, KafkaError> {
    return Effect.flatten(this.#step((): Effect.Effect<Buffer, KafkaError> => {
      const member = this.#known(ref)
      if (typeof member === "string") return Effect.fail(this.#error("syncGroup", member))
      if (this.phase === "PreparingRebalance") {
        return Effect.fail(this.#error("syncGroup", "REBALANCE_IN_PROGRESS"))
      }
      member.lastSeen = this.#now
      if (this.phase === "Stable") return Effect.succeed(member.assignment)
      member.syncing = Deferred.unsafeMake<Buffer, KafkaError>(FiberId.none)
      const answer = Deferred.await(member.syncing)
      if (ref.memberId === this.leaderId) this.#settle(assignments)
      return answer
    }))
  }

  #settle(assignments: Parameters<MemoryGroup["sync"]>[1]): void {
    const given = new Map(assignments.map(({ assignment, memberId }) => [memberId, assignment]))
    this.phase = "Stable"
    for (const member of this.members.values()) {
      member.assignment = given.get(member.memberId) ?? Buffer.alloc(0)
      member.lastSeen = this.#now
      const { syncing } = member
      member.syncing = undefined
      if (syncing !== undefined) Deferred.unsafeDone(syncing, Exit.succeed(member.assignment))
    }
  }

  heartbeat(ref: GroupMemberRef): Effect.Effect<void, KafkaError> {
    return Effect.flatten(this.#step(() => {
      const member = this.#known(ref)
      if (typeof member === "string") return Effect.fail(this.#error("heartbeat", member))
      member.lastSeen = this.#now
      return this.phase === "PreparingRebalance"
        ? Effect.fail(this.#error("heartbeat", "REBALANCE_IN_PROGRESS"))
        : Effect.void
    }))
  }

  leave(memberId: string): Effect.Effect<void, KafkaError> {
    return Effect.flatten(this.#step(() => {
      const member = this.members.get(memberId)
      if (member === undefined) return Effect.fail(this.#error("leaveGroup", "UNKNOWN_MEMBER_ID"))
      this.#remove(member)
      return Effect.void
    }))
  }

  /** It has had a member, or has an offset; asking for a group does not make one. */
  get exists(): boolean {
    return this.protocolType !== "" || this.offsets.all.length > 0
  }

  /** Why a commit of this member is refused in this moment, if it is. */
  refuses({ generation, memberId }: GroupMemberRef): KafkaErrorName | undefined {
    if (this.protocolType === "share") return "GROUP_ID_NOT_FOUND"
    if (generation < 0 && this.phase === "Empty") return undefined
    const member = this.#known({ groupId: this.groupId, generation, memberId })
    if (typeof member === "string") return member
    return this.phase === "CompletingRebalance" ? "REBALANCE_IN_PROGRESS" : undefined
  }
}
