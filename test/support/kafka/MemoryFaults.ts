/** What a test can do to one client of the cluster in memory. */
import { Deferred, Effect, Exit, FiberId } from "effect"
import type { Kafka } from "../../../services/Kafka.ts"
import { KafkaError } from "../../../services/Kafka.ts"
import type { KafkaErrorName } from "../../../src/codec/kafka/ErrorCodes.ts"

export type Operation = keyof Kafka["Type"]

export const failed = (operation: Operation, subject: string, reason: KafkaErrorName) =>
  new KafkaError({ operation, subject, reason, cause: new Error("in memory") })

interface Struck {
  readonly reason: KafkaErrorName
  readonly afterwards: boolean
}

const newCut = () => Deferred.unsafeMake<never, KafkaErrorName>(FiberId.none)

export class MemoryFaults {
  readonly #struck = new Map<Operation, Array<Struck>>()
  readonly #hooks = new Map<Operation, Effect.Effect<unknown, KafkaError>>()
  readonly #calls = new Map<Operation, number>()
  #connected = true
  #cut = newCut()

  #strike(operation: Operation, reasons: ReadonlyArray<KafkaErrorName>, afterwards: boolean): void {
    const list = this.#struck.get(operation) ?? []
    for (const reason of reasons) list.push({ reason, afterwards })
    this.#struck.set(operation, list)
  }

  /** The next calls of the operation fail, one with each reason, and do nothing. */
  fail(operation: Operation, ...reasons: ReadonlyArray<KafkaErrorName>): void {
    this.#strike(operation, reasons, false)
  }

  /** The next calls of the operation are carried out, but fail, one with each reason. */
  loseAnswer(operation: Operation, ...reasons: ReadonlyArray<KafkaErrorName>): void {
    this.#strike(operation, reasons, true)
  }

  /** Runs before each call of the operation, which fails if it fails; `Effect.never` hangs it. */
  before(operation: Operation, hook: Effect.Effect<unknown, KafkaError>): void {
    this.#hooks.set(operation, hook)
  }

  /** Each call of the operation takes so many milliseconds longer. */
  delay(operation: Operation, millis: number): void {
    this.before(operation, Effect.sleep(millis))
  }

  /** Calls so far, failed ones included. */
  calls(operation: Operation): number {
    return this.#calls.get(operation) ?? 0
  }

  /** All calls fail, the waiting ones too, until `reconnect`. */
  disconnect(): void {
    this.#connected = false
    Deferred.unsafeDone(this.#cut, Exit.fail("CONNECTION_FAILED"))
    this.#cut = newCut()
  }

  reconnect(): void {
    this.#connected = true
  }

  /** Removes hooks and faults, and reconnects. */
  heal(): void {
    this.#struck.clear()
    this.#hooks.clear()
    this.reconnect()
  }

  wrap<A>(operation: Operation, subject: string, effect: Effect.Effect<A, KafkaError>) {
    return Effect.suspend(() => {
      this.#calls.set(operation, this.calls(operation) + 1)
      const error = (reason: KafkaErrorName) => failed(operation, subject, reason)
      if (!this.#connected) return Effect.fail(error("CONNECTION_FAILED"))
      const struck = this.#struck.get(operation)?.shift()
      const outcome = struck === undefined
        ? effect
        : struck.afterwards
        ? Effect.zipRight(effect, Effect.fail(error(struck.reason)))
        : Effect.fail(error(struck.reason))
      return (this.#hooks.get(operation) ?? Effect.void).pipe(
        Effect.zipRight(outcome),
        Effect.raceFirst(Effect.interruptible(Effect.mapError(Deferred.await(this.#cut), error)))
      )
    })
  }
}
