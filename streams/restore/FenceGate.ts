/**
 * The producer identity of a plan partition, and the gate in front of it: batches enter with the
 * identity of now, and a new takeover waits until all that entered have left.
 */
import { Deferred, Effect } from "effect"
import type { ProducerIdentity } from "../../services/Kafka.ts"

export interface Identity extends ProducerIdentity {
  /** Counts the takeovers: with a new one, sequences begin at 0 again. */
  readonly generation: number
}

export interface FenceGate {
  /** Waits while a takeover goes on. Each one that entered must leave. */
  readonly enter: Effect.Effect<Identity>
  readonly leave: () => void
  /** Closes the gate, waits until it is empty, and opens it again with the new identity. */
  readonly change: <E, R>(
    takeover: Effect.Effect<ProducerIdentity, E, R>
  ) => Effect.Effect<void, E, R>
  readonly current: () => Identity
}

export const makeFenceGate: Effect.Effect<FenceGate> = Effect.gen(function*() {
  const changing = yield* Effect.makeSemaphore(1)
  let identity: Identity = { producerId: -1n, epoch: -1, generation: 0 }
  let inside = 0
  let opened: Deferred.Deferred<void> | undefined
  let emptied: Deferred.Deferred<void> | undefined

  const enter: Effect.Effect<Identity> = Effect.suspend(() => {
    if (opened !== undefined) return Effect.zipRight(Deferred.await(opened), enter)
    inside++
    return Effect.succeed(identity)
  })

  const close = Effect.gen(function*() {
    opened = yield* Deferred.make<void>()
    if (inside === 0) return
    emptied = yield* Deferred.make<void>()
    yield* Deferred.await(emptied)
  })

  const open = Effect.suspend(() => {
    const waiting = opened
    opened = undefined
    emptied = undefined
    return waiting === undefined ? Effect.void : Deferred.succeed(waiting, undefined)
  })

  return {
    enter,
    leave: () => {
      inside--
      if (inside === 0 && emptied !== undefined) Deferred.unsafeDone(emptied, Effect.void)
    },
    change: (takeover) =>
      changing.withPermits(1)(
        close.pipe(
          Effect.zipRight(takeover),
          Effect.map((next) => {
            identity = { ...next, generation: identity.generation + 1 }
          }),
          Effect.ensuring(open)
        )
      ),
    current: () => identity
  }
})
