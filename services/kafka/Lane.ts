/** One lane to one broker: requests in order over a connection that is opened again when lost. */
import { KafkaError } from "../Kafka.ts"

/** A request ready to be sent. */
export interface Job {
  readonly api: { readonly key: number; readonly name: string; readonly version: number }
  /** Size, header and body, with room for the correlation id. */
  readonly frame: ReadonlyArray<Buffer>
  readonly timeoutMs: number
  readonly throttleMs: (payload: Buffer) => number
  /** Exactly one of the two is called, once. `payload`: the answer after its correlation id. */
  readonly succeed: (payload: Buffer) => void
  readonly fail: (error: KafkaError) => void
}

/** An open connection. */
export interface Wire {
  readonly alive: () => boolean
  /** False: `renew` before the next `start`, because the SASL session ends (KIP-368). */
  readonly authenticated: () => boolean
  readonly renew: () => Promise<void>
  /** Writes the request before it returns. */
  readonly start: (job: Job) => void
  /** Fails what is in flight and closes the socket. */
  readonly end: (error: KafkaError) => void
}

/** Rejects with a KafkaError, also when `signal` is aborted. */
export type OpenWire = (signal: AbortSignal) => Promise<Wire>

export const connectionFailed = (operation: string, subject: string, cause: unknown) =>
  new KafkaError({ reason: "CONNECTION_FAILED", operation, subject, cause })

const asKafkaError = (cause: unknown): KafkaError =>
  cause instanceof KafkaError ? cause : connectionFailed("connect", "", cause)

export class Lane {
  private readonly openWire: OpenWire
  private wire: Wire | undefined
  private opening: AbortController | undefined
  /** In the order of their start; empty while the wire takes requests. */
  private waiting: Array<Job> = []

  constructor(openWire: OpenWire) {
    this.openWire = openWire
  }

  get open(): boolean {
    return this.wire !== undefined && this.wire.alive()
  }

  /** Sends now or when connected. The returned function takes back what was not sent yet. */
  submit(job: Job): () => void {
    const wire = this.wire
    if (this.opening === undefined && wire?.alive() === true && wire.authenticated()) {
      wire.start(job)
      return () => {}
    }
    this.waiting.push(job)
    if (this.opening === undefined) void this.prepare()
    return () => {
      this.waiting = this.waiting.filter((other) => other !== job)
    }
  }

  close(error: KafkaError): void {
    this.opening?.abort()
    this.opening = undefined
    const wire = this.wire
    this.wire = undefined
    this.failWaiting(error)
    wire?.end(error)
  }

  /** Opens or renews the wire, then sends what waits. */
  private async prepare(): Promise<void> {
    const opening = new AbortController()
    this.opening = opening
    try {
      const wire = this.wire?.alive() === true ? this.wire : await this.openWire(opening.signal)
      if (opening.signal.aborted) {
        wire.end(connectionFailed("connect", "", "closed while connecting"))
        return
      }
      this.wire = wire
      if (!wire.authenticated()) await wire.renew()
    } catch (cause) {
      if (opening.signal.aborted) return
      this.opening = undefined
      const error = asKafkaError(cause)
      this.wire?.end(error)
      this.wire = undefined
      this.failWaiting(error)
      return
    }
    if (opening.signal.aborted) return
    this.opening = undefined
    const wire = this.wire
    const jobs = this.waiting
    this.waiting = []
    for (const job of jobs) wire.start(job)
  }

  private failWaiting(error: KafkaError): void {
    const jobs = this.waiting
    this.waiting = []
    for (const job of jobs) job.fail(error)
  }
}
