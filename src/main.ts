/** Runs the command line: the only place where an effect is run. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import { Effect, Layer } from "effect"
import { run } from "./cli/Cli.ts"
import { commands, program, summary } from "./cli/Commands.ts"
import { teardown } from "./cli/ExitCode.ts"
import { lastWords } from "./cli/Report.ts"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, NodeTerminal.layer)

run({ name: program, summary, commands }, process.argv.slice(2)).pipe(
  Effect.tapErrorCause((cause) =>
    Effect.sync(() => process.stderr.write(lastWords(program, cause)))
  ),
  Effect.provide(platform),
  NodeRuntime.runMain({ teardown, disableErrorReporting: true, disablePrettyLogger: true })
)
