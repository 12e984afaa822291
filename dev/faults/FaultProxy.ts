/** A TCP proxy on 127.0.0.1 that can cut, refuse, delay, hold back and truncate what passes it. */
import { Effect } from "effect"
import net from "node:net"
import { listening } from "../stack/Listening.ts"

type Direction = "request" | "answer"

/** One at a time; each lasts until the proxy is healed. */
export type LinkFault =
  /** All connections break, and new ones are accepted. */
  | { readonly kind: "cut" }
  /** All connections break, and new ones break at once. */
  | { readonly kind: "refuse" }
  /** Each chunk of at most 64 KiB waits so long. */
  | { readonly kind: "delay"; readonly direction: Direction; readonly delayMs: number }
  /** Connections stay open and nothing passes; afterwards it passes late, or they break. */
  | { readonly kind: "hang"; readonly direction: Direction; readonly afterwards: "pass" | "cut" }
  /** Each connection breaks after so many bytes of answers. */
  | { readonly kind: "truncate"; readonly bytes: number }

export interface FaultProxy {
  readonly port: number
  readonly inject: (fault: LinkFault) => Effect.Effect<void>
  readonly heal: Effect.Effect<void>
}

interface State {
  fault: LinkFault | undefined
  /** What hangs: to be called when the proxy is healed. */
  waiting: Array<() => void>
  readonly sockets: Set<net.Socket>
}

const breakAll = ({ sockets }: State): void => {
  for (const socket of sockets) socket.resetAndDestroy()
}

/** Copies one direction of a connection, chunk by chunk. */
const pump = (state: State, from: net.Socket, to: net.Socket, direction: Direction): void => {
  let answered = 0
  const write = (chunk: Buffer): void => {
    if (to.destroyed) return void from.destroy()
    if (to.write(chunk)) from.resume()
    else to.once("drain", () => from.resume())
  }
  const deliver = (chunk: Buffer): void => {
    const { fault } = state
    from.pause()
    if (fault?.kind === "hang" && fault.direction === direction) {
      return void state.waiting.push(() => deliver(chunk))
    }
    if (fault?.kind === "delay" && fault.direction === direction) {
      return void setTimeout(() => write(chunk), fault.delayMs)
    }
    if (fault?.kind === "truncate" && direction === "answer") {
      const rest = fault.bytes - answered
      answered += chunk.length
      if (chunk.length < rest) return write(chunk)
      return void to.write(chunk.subarray(0, Math.max(0, rest)), () => {
        to.destroy()
        from.destroy()
      })
    }
    write(chunk)
  }
  from.on("data", deliver)
  from.on("end", () => to.end())
  from.on("error", () => to.destroy())
  from.on("close", () => {
    state.sockets.delete(from)
    to.destroySoon()
  })
}

const connect = (state: State, targetPort: number, client: net.Socket): void => {
  if (state.fault?.kind === "refuse") return void client.resetAndDestroy()
  const target = net.connect({ port: targetPort, host: "127.0.0.1", noDelay: true })
  client.setNoDelay(true)
  state.sockets.add(client).add(target)
  pump(state, client, target, "request")
  pump(state, target, client, "answer")
}

const inject = (state: State, fault: LinkFault): void => {
  state.fault = fault
  if (fault.kind === "cut" || fault.kind === "refuse") breakAll(state)
}

const heal = (state: State): void => {
  const { fault, waiting } = state
  state.fault = undefined
  state.waiting = []
  if (fault?.kind === "hang" && fault.afterwards === "cut") breakAll(state)
  else for (const goOn of waiting) goOn()
}

/** Listens on `port` and passes everything to `targetPort`; ends with the scope. */
export const makeFaultProxy = Effect.fnUntraced(function*(port: number, targetPort: number) {
  const state: State = { fault: undefined, waiting: [], sockets: new Set() }
  const server = net.createServer(
    { allowHalfOpen: true },
    (client) => connect(state, targetPort, client)
  )
  yield* listening(server, () => breakAll(state), port)
  const proxy: FaultProxy = {
    port,
    inject: (fault) => Effect.sync(() => inject(state, fault)),
    heal: Effect.sync(() => heal(state))
  }
  return proxy
})
