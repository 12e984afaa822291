/** What becomes of a file whose key exists already, on the real S3 server. */
import { assert, layer } from "@effect/vitest"
import { Effect, Either, Fiber, Layer } from "effect"
import { parseArchiveKey, parseLaterRoot } from "../../src/domain/ArchiveKey.ts"
import type { Archive, Installation } from "../support/ArchiveInS3.ts"
import {
  buffered,
  holdFetches,
  makeArchive,
  silent,
  storeLive,
  writtenAgain
} from "../support/ArchiveInS3.ts"
import { committed, createTopic } from "../support/BackupHarness.ts"
import { fill, range, until } from "../support/BackupPrograms.ts"
import * as KafkaMemory from "../support/KafkaMemory.ts"

const orders = { topic: "orders", partition: 0 }
const payments = { topic: "payments", partition: 0 }

const cluster = Layer.merge(KafkaMemory.layer, silent)

/** Its offset is committed in the group that it runs in, `backup`. */
const commits = (offset: number) =>
  until(Effect.map(committed(orders), (at) => at === offset), `the commit of ${offset}`)

/** It has so many records of `orders` in its buffer, has archived none, and reads no more. */
const holding = (program: Installation, end: number) =>
  Effect.gen(function*() {
    yield* createTopic("orders")
    yield* fill(orders, end)
    const running = yield* program.start()
    yield* buffered(program, end)
    return { running, ...yield* holdFetches(program) }
  })

for (const ignoresConditions of [false, true]) {
  const where = ignoresConditions ? "a store that ignores conditions" : "the store"
  const begin = makeArchive({ ignoresConditions })

  /** The key was refused, or not even tried; and what is there has been written once. */
  const sawThatItExists = ({ between: { puts } }: Archive) => {
    const conditional = puts.filter((put) => put.conditional).length
    assert.strictEqual(conditional, ignoresConditions ? 0 : puts.length)
    assert.strictEqual(puts.some(({ status }) => status === 412), !ignoresConditions)
    assert.deepStrictEqual(writtenAgain(puts), [])
  }

  layer(storeLive, { excludeTestServices: true, timeout: "3 minutes" })(
    `a file whose key exists in ${where}`,
    (it) => {
      for (const [what, end] of [["the same", 10], ["more", 20]] as const) {
        it.scoped(`is done when the object holds ${what}`, () =>
          Effect.gen(function*() {
            const archive = yield* begin
            const program = yield* archive.newProgram
            const { running } = yield* holding(program, 10)
            yield* fill(orders, end)
            yield* (yield* archive.newProgram).once({ groupId: "another" })
            const before = yield* archive.objects
            assert.deepStrictEqual(yield* program.flush, { files: 1, committed: true })
            assert.deepStrictEqual(yield* archive.changed(before), [])
            assert.strictEqual((yield* archive.objects).length, 1)
            assert.strictEqual(yield* archive.spans(orders), `0-${end - 1}`)
            assert.strictEqual(program.disk.files.size, 0)
            yield* commits(10)
            sawThatItExists(archive)
            yield* Fiber.interrupt(running)
          }).pipe(Effect.provide(cluster)))

        it.scoped(`is done when the original's object holds ${what}`, () =>
          Effect.gen(function*() {
            const archive = yield* begin
            const program = yield* archive.newProgram
            const { running } = yield* holding(program, 10)
            yield* archive.putOriginal(orders, range(0, end))
            const before = yield* archive.objects
            assert.deepStrictEqual(yield* program.flush, { files: 1, committed: true })
            assert.deepStrictEqual(yield* archive.changed(before), [])
            assert.strictEqual((yield* archive.objects).length, 1)
            assert.strictEqual(program.disk.files.size, 0)
            yield* commits(10)
            sawThatItExists(archive)
            yield* Fiber.interrupt(running)
          }).pipe(Effect.provide(cluster)))
      }

      for (const by of ["another program", "the original"]) {
        it.scoped(`is continued behind the shorter object of ${by}`, () =>
          Effect.gen(function*() {
            const archive = yield* begin
            const program = yield* archive.newProgram
            const { readOn, running } = yield* holding(program, 13)
            if (by === "the original") yield* archive.putOriginal(orders, range(0, 13))
            else yield* (yield* archive.newProgram).once({ groupId: "another" })
            const before = yield* archive.objects
            yield* fill(orders, 20)
            yield* readOn
            yield* buffered(program, 20)
            yield* program.flush
            assert.deepStrictEqual(yield* archive.changed(before), [])
            assert.strictEqual(yield* archive.spans(orders), "0-12 13-19")
            const values = (yield* archive.records(orders)).flat().map(({ value }) => String(value))
            assert.deepStrictEqual(values, range(0, 20).map((at) => `value ${at}`))
            assert.strictEqual(program.disk.files.size, 0)
            yield* commits(20)
            sawThatItExists(archive)
            yield* Fiber.interrupt(running)
            assert.lengthOf(yield* (yield* archive.newProgram).once({ groupId: "a third" }), 0)
          }).pipe(Effect.provide(cluster)))

        it.scoped(`stops its partition alone beside another record of ${by}`, () =>
          Effect.gen(function*() {
            const archive = yield* begin
            const program = yield* archive.newProgram
            const { readOn, running } = yield* holding(program, 10)
            const [name = ""] = program.disk.files.keys()
            if (by === "the original") yield* archive.putOriginal(orders, range(0, 10), "forged")
            else {
              // A cluster with the same ids, whose records are others.
              yield* Effect.gen(function*() {
                yield* createTopic("orders")
                yield* fill(orders, 10, "forged")
                yield* (yield* archive.newProgram).once()
              }).pipe(Effect.provide(cluster))
            }
            const before = yield* archive.objects
            yield* createTopic("payments")
            yield* fill(payments, 4)
            yield* readOn
            yield* buffered(program, 14)
            const error = yield* Effect.flip(program.flush)
            assert.include(error, `${name} holds another record at offset 0`)
            assert.deepStrictEqual([...program.disk.files.keys()], [name])
            assert.deepStrictEqual(yield* archive.changed(before), [])
            assert.strictEqual(yield* archive.spans(orders), "0-9")
            assert.strictEqual(yield* archive.spans(payments), "0-3")
            assert.strictEqual(yield* committed(payments), 4)
            assert.isBelow(yield* committed(orders), 1)
            sawThatItExists(archive)
            yield* Fiber.interrupt(running)
            // The next start takes a file without facts for one of another life of the topic.
            const next = yield* Effect.either(program.once())
            if (Either.isLeft(next)) {
              assert.notStrictEqual(by, "the original")
              assert.include(next.left.message, "another record at offset 0")
            } else {
              const places = next.right.map(({ key }) =>
                parseLaterRoot(parseArchiveKey(key)?.root ?? "")?.prefix
              )
              assert.deepStrictEqual(places, [archive.prefix])
            }
            assert.deepStrictEqual(yield* archive.changed(before), [])
          }).pipe(Effect.provide(cluster)))
      }
    }
  )
}
