/**
 * `npm run demo`: topics go into an archive, are lost and come back, on a real Kafka. With `--s3`
 * the archive is in a real S3 server, else in a directory. Exits with 1 on any difference.
 */
import { Effect, Layer } from "effect"
import { story } from "./demo/Story.ts"
import { runScript } from "./Script.ts"
import { StackLayer } from "./stack/Stack.ts"
import { TruthLayer } from "./truth/TruthLayer.ts"

const Live = Layer.provideMerge(TruthLayer, StackLayer())

const demo = story({ s3: process.argv.includes("--s3") })

runScript(demo.pipe(Effect.provide(Live), Effect.scoped))
