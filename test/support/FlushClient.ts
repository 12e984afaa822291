/** Asks a running backup for a flush over HTTP. */
import { Effect } from "effect"
import type { Command } from "./CommandLine.ts"

/** Flags that make it possible, on any free port. */
export const flushServer = ["-enable-flush-server", "-flush-server-port", "0"] as const

export const flushUrl = (backup: Command) =>
  Effect.map(
    backup.said("flush requests are taken"),
    ({ port }) => `http://127.0.0.1:${String(port)}/__/flush`
  )

/** The answer to a POST. */
export const askForFlush = (backup: Command) =>
  Effect.flatMap(flushUrl(backup), (url) =>
    Effect.promise(async () => {
      const answer = await fetch(url, { method: "POST" })
      return { status: answer.status, body: await answer.text() }
    }))
