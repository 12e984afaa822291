/** What goes wrong, and when: a sequence that depends on the seed alone. */
import type { Random } from "../data/Random.ts"
import { makeRandom } from "../data/Random.ts"
import type { LinkFault } from "./FaultProxy.ts"
import type { StoreFault } from "./S3FaultProxy.ts"

/** Programs that run from the beginning, and those that are added and removed. */
export const lasting = ["backup-1", "backup-2", "restore-1", "restore-2", "planner"] as const
export const spares = ["backup-3", "restore-3"] as const
export type ProgramName = (typeof lasting)[number] | (typeof spares)[number]

export type Action =
  /**
   * SIGKILL; `busy`: in the middle of its work; `expire`: its group drops it at once, not after the
   * session timeout.
   */
  | {
    readonly kind: "kill"
    readonly program: ProgramName
    readonly busy: boolean
    readonly expire: boolean
    readonly restartMs: number
  }
  /** SIGTERM, then it is started again. */
  | { readonly kind: "stop"; readonly program: ProgramName; readonly restartMs: number }
  /** SIGSTOP, later SIGCONT; `busy` as above; `expire`: its group drops it meanwhile. */
  | {
    readonly kind: "freeze"
    readonly program: ProgramName
    readonly busy: boolean
    readonly expire: boolean
    readonly forMs: number
  }
  /** Adds a replica, or takes it away if it is there. */
  | { readonly kind: "replica"; readonly program: (typeof spares)[number] }
  /** SIGUSR1. */
  | { readonly kind: "flush"; readonly program: "backup-1" | "backup-2" }
  | {
    readonly kind: "broker"
    readonly how: "stop" | "kill"
    readonly broker: number
    readonly downMs: number
  }
  | {
    readonly kind: "kafka link"
    readonly broker: number
    readonly fault: LinkFault
    readonly forMs: number
  }
  | { readonly kind: "store link"; readonly fault: StoreFault; readonly forMs: number }
  | { readonly kind: "full disk"; readonly forMs: number }
  | { readonly kind: "add partition"; readonly topic: number }
  | { readonly kind: "new topic" }

export interface Step {
  /** After the step before it. */
  readonly pauseMs: number
  readonly action: Action
}

/** How often each kind comes among so many: the sum is a minute's worth. */
const weights: Readonly<Record<Action["kind"], number>> = {
  "kill": 4,
  "stop": 1,
  "freeze": 3,
  "replica": 1,
  "flush": 1,
  "broker": 1,
  "kafka link": 3,
  "store link": 3,
  "full disk": 1,
  "add partition": 1,
  "new topic": 1
}

/** Longest time between two actions. */
const longestPauseMs = 5700

/** Now and then a replica is away for longer than its session of 45 s. */
const longFreezeMs = 50_000

const between = (random: Random, from: number, to: number) => from + random.integer(to - from)
const oneIn = (random: Random, chances: number) => random.integer(chances) === 0

const linkFaults = ["cut", "refuse", "delay", "hang", "truncate"] as const
const directions = ["request", "answer"] as const
const afterwards = ["pass", "cut"] as const
/** A lost answer is the worst of them. */
const storeFaults = [
  "refuse",
  "slowDown",
  "lostAnswer",
  "lostAnswer",
  "cutRequest",
  "cutAnswer",
  "timeout",
  "delay"
] as const

const linkFault = (random: Random): LinkFault => {
  const kind = random.pick(linkFaults)
  const direction = random.pick(directions)
  switch (kind) {
    case "delay":
      return { kind, direction, delayMs: between(random, 20, 500) }
    case "hang":
      return { kind, direction, afterwards: random.pick(afterwards) }
    case "truncate":
      return { kind, bytes: between(random, 1, 20_000) }
    default:
      return { kind }
  }
}

const storeFault = (random: Random): StoreFault => {
  const every = between(random, 1, 4)
  const kind = random.pick(storeFaults)
  switch (kind) {
    case "lostAnswer":
      return { kind, every, instead: random.pick(["500", "reset"]) }
    case "cutRequest":
    case "cutAnswer":
      return { kind, every, bytes: between(random, 1, 30_000) }
    case "delay":
      return { kind, every, delayMs: between(random, 100, 5000) }
    default:
      return { kind, every }
  }
}

const actionOf = (random: Random, kind: Action["kind"], brokers: number): Action => {
  const program = random.pick(lasting)
  const broker = random.integer(brokers)
  const forMs = between(random, 500, 7000)
  switch (kind) {
    case "kill":
      return {
        kind,
        program,
        busy: oneIn(random, 2),
        expire: !oneIn(random, 6),
        restartMs: between(random, 0, 6000)
      }
    case "stop":
      return { kind, program, restartMs: between(random, 0, 3000) }
    case "freeze": {
      const long = oneIn(random, 12)
      const expire = !long && !oneIn(random, 6)
      const forMs = long ? longFreezeMs : between(random, 1000, 20_000)
      return { kind, program, busy: oneIn(random, 2), expire, forMs }
    }
    case "replica":
      return { kind, program: random.pick(spares) }
    case "flush":
      return { kind, program: random.pick(["backup-1", "backup-2"]) }
    case "broker":
      return { kind, how: random.pick(["stop", "kill"]), broker, downMs: random.integer(5000) }
    case "kafka link":
      return { kind, broker, fault: linkFault(random), forMs }
    case "store link":
      return { kind, fault: storeFault(random), forMs }
    case "full disk":
      return { kind, forMs }
    case "add partition":
      return { kind, topic: random.integer(8) }
    case "new topic":
      return { kind }
  }
}

const kinds = [
  "kill",
  "stop",
  "freeze",
  "replica",
  "flush",
  "broker",
  "kafka link",
  "store link"
] as const

const rest = ["full disk", "add partition", "new topic"] as const

/** Every kind as often as its weight says, in random order. */
const bag = (random: Random): Array<Action["kind"]> => {
  const all = [...kinds, ...rest].flatMap((kind) =>
    Array.from({ length: weights[kind] }, () => ({ kind, at: random.integer(1 << 30) }))
  )
  return all.sort((one, other) => one.at - other.at).map(({ kind }) => kind)
}

/** Enough steps for so many minutes, whatever time their actions take besides. */
export const schedule = (
  seed: number,
  { brokers, minutes }: { readonly brokers: number; readonly minutes: number }
): ReadonlyArray<Step> => {
  const random = makeRandom(seed)
  const steps: Array<Step> = []
  let kindsLeft: Array<Action["kind"]> = []
  for (let time = 0; time < minutes * 60_000;) {
    if (kindsLeft.length === 0) kindsLeft = bag(random)
    const pauseMs = between(random, 300, longestPauseMs)
    time += pauseMs
    steps.push({ pauseMs, action: actionOf(random, kindsLeft.pop() ?? "kill", brokers) })
  }
  return steps
}
