/** Free TCP ports on 127.0.0.1. */
import { Effect } from "effect"
import net from "node:net"
import { StackError } from "./StackError.ts"

const isFree = (port: number) =>
  Effect.async<boolean>((resume) => {
    const server = net.createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () =>
      server.close(() => resume(Effect.succeed(true))))
  })

/**
 * A port that nobody listens on. Below 32768, where the usual systems hand out no ports for
 * outgoing connections: so a server that is stopped for a while finds its port free again.
 */
export const freePort: Effect.Effect<number, StackError> = Effect.gen(function*() {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = 15_000 + Math.floor(Math.random() * 17_000)
    if (yield* isFree(port)) return port
  }
  return yield* new StackError({ step: "find a free port", cause: "none in 200 tries" })
})
