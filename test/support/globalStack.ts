/**
 * One local stack for a whole test run. It starts when the first test file asks for it, so that a
 * run without integration tests starts nothing, and stops when the run is over.
 */
import { Effect, ManagedRuntime } from "effect"
import http from "node:http"
import type { TestProject } from "vitest/node"
import { StackAddresses, StackLayer } from "../../dev/stack/Stack.ts"

declare module "vitest" {
  export interface ProvidedContext {
    /** Answers GET with the addresses of the shared stack as JSON. */
    readonly stackUrl: string
  }
}

export default async function globalStack(project: TestProject): Promise<() => Promise<void>> {
  const runtime = ManagedRuntime.make(StackLayer({ heap: "1g" }))
  const server = http.createServer((_request, response) => {
    const answer = (status: number, body: string) => response.writeHead(status).end(body)
    const addresses = Effect.map(StackAddresses, (addresses) => JSON.stringify(addresses))
    runtime.runPromise(addresses).then(
      (body) => answer(200, body),
      (error) => answer(500, error instanceof Error ? error.message : String(error))
    )
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  project.provide("stackUrl", `http://127.0.0.1:${port}`)
  return async () => {
    server.closeAllConnections()
    server.close()
    await runtime.dispose()
  }
}
