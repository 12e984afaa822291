/** After all faults: every buffer is uploaded, every file planned and restored, by runs that end. */
import { Deferred, Effect } from "effect"
import fs from "node:fs"
import type { Child } from "../stack/Child.ts"
import { startChild } from "../stack/Child.ts"
import { StackError } from "../stack/StackError.ts"
import { logSize, readLog, told } from "./ProgramLog.ts"
import { backup, latePlan, lateRestore, plan, restore } from "./Programs.ts"
import type { Trouble } from "./Trouble.ts"
import type { World } from "./World.ts"

/** More than any run needs on a busy machine. */
const patience = "4 minutes"

const outcomeOf = (child: Child) =>
  Deferred.await(child.ended).pipe(
    Effect.timeoutTo({
      duration: patience,
      onSuccess: Effect.succeed<number | string>,
      onTimeout: () => Effect.as(child.signal("SIGKILL"), `no end after ${patience}`)
    }),
    Effect.flatten
  )

/** Runs it to its end; what it says when all is done. Anything but exit code 0 is a problem. */
const run = (world: World, trouble: Trouble, name: string, args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    world.say(`catching up: ${name} ${args[0]}`)
    const [command, ...rest] = world.commandOf(name, args)
    const logFile = world.logFile(name)
    const from = logSize(logFile)
    const { env, watchdog } = world
    const child = yield* startChild(watchdog, { name, command, args: rest, env, logFile })
    const outcome = yield* outcomeOf(child)
    const { lines } = readLog(logFile, from)
    if (outcome !== 0) {
      const errors = lines.filter(({ level }) => level === "ERROR").map(told)
      trouble.problem(`${name} ${args[0]} -once ended with ${outcome}: ${errors.join("; ")}`)
    }
    return lines
  })

/** Replicas that have a working directory: each may hold what only it has. */
const withBuffers = (world: World): ReadonlyArray<string> =>
  [...world.programs.keys()].filter((name) =>
    name.startsWith("backup") && fs.existsSync(world.logFile(name))
  )

/** A replica without any buffer finds nothing that is left to do. */
const nothingLeft = (world: World, trouble: Trouble) =>
  Effect.map(
    run(world, trouble, "backup-new", [...backup(world.working("backup-new")), "-once"]),
    (lines) => {
      const files = lines.findLast(({ msg }) => msg === "the backup is complete")?.["files"]
      if (files !== 0) trouble.problem(`after the last backup there were ${files} files to upload`)
    }
  )

/** Stops the programs, then does all that is left to do. */
export const catchUp = (world: World, trouble: Trouble) =>
  Effect.gen(function*() {
    yield* Effect.forEach(world.programs.values(), (program) => program.end("SIGTERM"), {
      concurrency: "unbounded"
    })
    yield* world.sessions.expireAll
    for (const name of withBuffers(world)) {
      yield* run(world, trouble, name, [...backup(world.working(name)), "-once"])
    }
    yield* nothingLeft(world, trouble)
    yield* run(world, trouble, "planner", plan)
    yield* run(world, trouble, "restore-1", [...restore, "-once"])
    if (world.topics.late.length === 0) return
    yield* run(world, trouble, "planner-late", latePlan)
    yield* run(world, trouble, "restore-late", [...lateRestore, "-once"])
  }).pipe(Effect.mapError((cause) => new StackError({ step: "catch up", cause })))
