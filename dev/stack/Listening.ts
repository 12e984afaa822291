/** Servers of our own making, on 127.0.0.1, for as long as a scope. */
import { Effect } from "effect"
import type net from "node:net"

/**
 * The port that it listens on; 0 takes any free one. At the end of the scope it takes no more
 * connections, and `disconnect` has to end those that there are.
 */
export const listening = (server: net.Server, disconnect: () => void, port = 0) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.once("error", (error) => resume(Effect.die(error)))
      server.listen(port, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
      })
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        disconnect()
      })
  )
