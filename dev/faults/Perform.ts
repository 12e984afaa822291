/** Does what the schedule says. Every action ends, and leaves all that it broke whole again. */
import { Effect, Option } from "effect"
import type { StackError } from "../stack/StackError.ts"
import type { Program } from "./Program.ts"
import type { Action } from "./Schedule.ts"
import type { Trouble } from "./Trouble.ts"
import type { World } from "./World.ts"

type Of<Kind extends Action["kind"]> = Extract<Action, { readonly kind: Kind }>

/** How the action is counted. */
const nameOf = (action: Action): string => {
  switch (action.kind) {
    case "kafka link":
    case "store link":
      return `${action.kind} ${action.fault.kind}`
    case "broker":
      return `${action.kind} ${action.how}`
    case "kill":
    case "stop":
    case "freeze":
      return `${action.kind} ${action.program.replace(/-\d+$/, "")}`
    default:
      return action.kind
  }
}

const killed = (
  world: World,
  program: Program,
  { busy, expire, restartMs }: Of<"kill">
) =>
  Effect.gen(function*() {
    if (busy) yield* program.atWork
    if (!expire) yield* world.sessions.spare(program)
    yield* program.end("SIGKILL")
    if (expire) yield* world.sessions.expire(program)
    yield* Effect.sleep(restartMs)
    yield* program.start
  })

const frozen = (
  world: World,
  program: Program,
  { busy, expire, forMs }: Of<"freeze">
) =>
  Effect.gen(function*() {
    if (busy) yield* program.atWork
    yield* program.signal("SIGSTOP")
    yield* Effect.sleep(forMs / 2)
    if (expire) yield* world.sessions.expire(program)
    yield* Effect.sleep(forMs / 2)
    yield* program.signal("SIGCONT")
  })

/** A spare replica that is there goes, one that is not comes. */
const toggled = (program: Program) =>
  Effect.suspend(() => program.running() ? program.end("SIGTERM") : program.start)

const perform = (world: World, action: Action): Effect.Effect<unknown, StackError> => {
  const { disk, kafkaProxies, programs, stack, storeProxy, topics, turns } = world
  const skip = Effect.void
  /** Only of a program that runs: a spare may be away. */
  const withProgram = (use: (program: Program) => Effect.Effect<void>) => {
    const program = "program" in action ? programs.get(action.program) : undefined
    return program === undefined ? skip : program.turn(use(program))
  }
  switch (action.kind) {
    case "kill":
      return withProgram((program) => killed(world, program, action))
    case "stop":
      return withProgram((program) =>
        program.end("SIGTERM").pipe(
          Effect.zipRight(Effect.sleep(action.restartMs)),
          Effect.zipRight(program.start)
        )
      )
    case "freeze":
      return withProgram((program) => frozen(world, program, action))
    case "replica":
      return withProgram(toggled)
    case "flush":
      return withProgram((program) => program.signal("SIGUSR1"))
    case "broker": {
      const node = stack.nodes[action.broker]
      const turn = turns.brokers[action.broker]
      if (node === undefined || turn === undefined) return skip
      const down = action.how === "kill" ? node.kill : node.stop
      return turn(Effect.zipRight(Effect.zipRight(down, Effect.sleep(action.downMs)), node.start))
    }
    case "kafka link": {
      const proxy = kafkaProxies[action.broker]
      const turn = turns.kafkaLinks[action.broker]
      if (proxy === undefined || turn === undefined) return skip
      return turn(Effect.zipRight(
        Effect.zipRight(proxy.inject(action.fault), Effect.sleep(action.forMs)),
        proxy.heal
      ))
    }
    case "store link":
      return turns.storeLink(Effect.zipRight(
        Effect.zipRight(storeProxy.inject(action.fault), Effect.sleep(action.forMs)),
        storeProxy.heal
      ))
    case "full disk":
      return Option.match(disk, {
        onNone: () => skip,
        onSome: ({ fill, free }) =>
          turns.disk(Effect.zipRight(Effect.zipRight(fill, Effect.sleep(action.forMs)), free))
      })
    case "add partition":
      return topics.addPartition(action.topic)
    case "new topic":
      return topics.addTopic
  }
}

/** Performs it when its target is free; what could not be done is a problem. */
export const performed = (world: World, trouble: Trouble, action: Action): Effect.Effect<void> => {
  const count = Effect.sync(() => trouble.begins(nameOf(action)))
  const end = Effect.sync(() => trouble.ends())
  return Effect.acquireUseRelease(count, () => perform(world, action), () => end).pipe(
    Effect.asVoid,
    Effect.catchAll((error) =>
      Effect.sync(() => trouble.problem(`${nameOf(action)} was not possible: ${error.message}`))
    )
  )
}
