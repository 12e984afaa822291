/** A proxy in front of a broker that sees requests one by one, and can keep them from arriving. */
import { Effect } from "effect"
import net from "node:net"
import { listening } from "../../dev/stack/Listening.ts"
import type { Answer } from "../../services/kafka/AnswerReader.ts"
import { AnswerReader } from "../../services/kafka/AnswerReader.ts"
import { decodeResponse } from "../../src/codec/kafka/Api.ts"
import { produce } from "../../src/codec/kafka/Produce.ts"

/**
 * `pass`: whole requests go on. `hold`: they are read and stay in the proxy. `stall`: nothing is
 * read, so they stay in the buffers of the client and its kernel.
 */
type Mode = "pass" | "hold" | "stall"

export interface HoldingProxy {
  readonly set: (mode: Mode) => Effect.Effect<void>
  /** Sets the mode by itself, right after so many further produce requests have gone on. */
  readonly after: (produceRequests: number, mode: "hold" | "stall") => Effect.Effect<void>
  readonly mode: () => Mode
  /** Produce requests that it keeps. */
  readonly held: () => number
  /** Requests, of whatever kind, that have gone on and are not answered. */
  readonly unanswered: () => number
  /** What the broker made of each produce request: the name of its error, or "taken". */
  readonly verdicts: () => ReadonlyArray<string>
  /** Whether the client has begun a produce request and has the rest of it in its own buffers. */
  readonly midProduce: () => boolean
  /** Bytes that clients have sent so far. */
  readonly received: () => number
}

const sizeBytes = 4
const apiKeyEnd = 6
const correlationAt = 8

const isProduce = (frame: Buffer): boolean =>
  frame.length >= apiKeyEnd && frame.readInt16BE(sizeBytes) === produce.key

/** Cuts requests into frames: four bytes of size, then so many more. */
class Frames {
  rest: Buffer = Buffer.alloc(0)
  #chunks: Array<Buffer> = []
  #size = 0

  take(chunk: Buffer): ReadonlyArray<Buffer> {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.rest.length >= sizeBytes && this.#size < this.#wanted()) return []
    this.rest = Buffer.concat([this.rest, ...this.#chunks.splice(0)])
    const frames: Array<Buffer> = []
    while (this.rest.length >= sizeBytes && this.rest.length >= this.#wanted()) {
      frames.push(this.rest.subarray(0, this.#wanted()))
      this.rest = this.rest.subarray(this.#wanted())
    }
    this.#size = this.rest.length
    return frames
  }

  #wanted(): number {
    return sizeBytes + this.rest.readInt32BE(0)
  }
}

/** One connection of a client. */
interface Link {
  readonly client: net.Socket
  readonly frames: Frames
  readonly kept: Array<Buffer>
  /** Hands on what is kept, as far as the mode allows. */
  readonly advance: () => void
  /** By correlation id: whether it was a produce request. */
  readonly asked: Map<number, boolean>
}

/** Listens on `port` and passes everything to `targetPort`; ends with the scope. */
export const makeHoldingProxy = Effect.fnUntraced(function*(port: number, targetPort: number) {
  const links = new Set<Link>()
  const verdicts: Array<string> = []
  let mode: Mode = "pass"
  let received = 0
  let turn: { left: number; readonly mode: Mode } | undefined

  const count = (): void => {
    if (turn === undefined || --turn.left > 0) return
    mode = turn.mode
    turn = undefined
    for (const { client } of links) if (mode === "stall") client.pause()
  }

  const onAnswer = ({ asked }: Link, { correlationId, payload }: Answer): void => {
    if (asked.get(correlationId) === true) {
      const { partitions } = decodeResponse(produce, payload)
      verdicts.push(partitions[0]?.error ?? "taken")
    }
    asked.delete(correlationId)
  }

  const accept = (client: net.Socket): void => {
    const broker = net.connect({ port: targetPort, host: "127.0.0.1", noDelay: true })
    client.setNoDelay(true)
    const link: Link = {
      client,
      frames: new Frames(),
      kept: [],
      asked: new Map(),
      advance: () => {
        const next = () => mode === "pass" ? link.kept.shift() : undefined
        for (let frame = next(); frame !== undefined; frame = next()) {
          link.asked.set(frame.readInt32BE(correlationAt), isProduce(frame))
          broker.write(frame)
          if (isProduce(frame)) count()
        }
      }
    }
    const answers = new AnswerReader((answer) => onAnswer(link, answer))
    links.add(link)
    if (mode === "stall") client.pause()
    client.on("data", (chunk: Buffer) => {
      received += chunk.length
      link.kept.push(...link.frames.take(chunk))
      link.advance()
    })
    broker.on("data", (chunk: Buffer) => {
      answers.take(chunk)
      client.write(chunk)
    })
    const end = () => {
      client.destroy()
      broker.destroy()
      links.delete(link)
    }
    for (const socket of [client, broker]) socket.on("error", end).on("close", end)
  }

  const set = (wanted: Mode) =>
    Effect.sync(() => {
      mode = wanted
      for (const { advance, client } of links) {
        if (wanted === "stall") client.pause()
        else client.resume()
        advance()
      }
    })

  const disconnect = () => {
    for (const { client } of links) client.destroy()
  }
  yield* listening(net.createServer(accept), disconnect, port)
  const total = (of: (link: Link) => number) => [...links].reduce((sum, each) => sum + of(each), 0)
  const proxy: HoldingProxy = {
    set,
    after: (left, wanted) => Effect.sync(() => void (turn = { left, mode: wanted })),
    mode: () => mode,
    held: () => total(({ kept }) => kept.filter(isProduce).length),
    unanswered: () => total(({ asked }) => asked.size),
    verdicts: () => verdicts,
    midProduce: () => [...links].some(({ frames }) => isProduce(frames.rest)),
    received: () => received
  }
  return proxy
})
