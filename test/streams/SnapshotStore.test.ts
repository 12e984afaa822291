import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Option } from "effect"
import { Buffer } from "node:buffer"
import { ForeignSchemaLayer } from "../../services/ForeignSchemaLayer.ts"
import { encodeGroupFile } from "../../src/codec/GroupFile.ts"
import type { SnapshotFacts } from "../../src/domain/GroupSnapshot.ts"
import { SnapshotError } from "../../streams/snapshot/SnapshotError.ts"
import {
  chooseSnapshot,
  historyFacts,
  listHistory,
  readMain,
  removeHistory,
  writeHistory,
  writeMain
} from "../../streams/snapshot/SnapshotStore.ts"
import { fixtureBytes, fixtureKeys } from "../support/Fixtures.ts"
import { manyGroups, someSnapshotFacts } from "../support/GroupArbitraries.ts"
import { fixtureGroups, groupFixtureBytes } from "../support/GroupFixtures.ts"
import { passingTime } from "../support/GroupsHarness.ts"
import { Bucket, layer } from "../support/ObjectStoreMemory.ts"

const services = Layer.merge(layer, ForeignSchemaLayer)

const location = "eu/groups.avro"

const hour = 3_600_000
const noon = Date.UTC(2026, 10, 22, 12)

/** A snapshot of so many groups, taken so many hours after noon. */
const taken = (hours: number, groups: number, facts: Partial<SnapshotFacts> = {}) => ({
  facts: { ...someSnapshotFacts, takenAtMs: noon + hours * hour, ...facts },
  groups: manyGroups(groups)
})

const put = (key: string, bytes: Uint8Array) =>
  Effect.map(Bucket, ({ objects }) => {
    objects.set(key, { bytes, metadata: {}, lastModified: 0 })
  })

const chosen = (choice: Parameters<typeof chooseSnapshot>[1]) =>
  Effect.map(
    chooseSnapshot(location, choice),
    ({ key, snapshot }) => [key, snapshot.groups.length] as const
  )

const failure = (choice: Parameters<typeof chooseSnapshot>[1]) =>
  Effect.flatMap(
    Effect.flip(chooseSnapshot(location, choice)),
    (error) => error instanceof SnapshotError ? Effect.succeed(error) : Effect.die(error)
  )

const keyOf = (hours: number) => `${location}.history/20261122T${12 + hours}0000.000Z.avro`

describe("SnapshotStore", () => {
  it.effect("replaces the main object, and tells when there is none", () =>
    Effect.gen(function*() {
      assert.isTrue(Option.isNone(yield* readMain(location)))
      yield* writeMain(location, taken(0, 2))
      yield* writeMain(location, taken(1, 3))
      const found = Option.getOrThrow(yield* readMain(location))
      assert.deepStrictEqual(found.snapshot, taken(1, 3))
      const { objects } = yield* Bucket
      assert.deepStrictEqual(objects.get(location)?.metadata, {
        "kafka-data-keep-groups-format-version": "1",
        "kafka-data-keep-groups-cluster-id": "4L6g3nShT-eMCtK--X86sw",
        "kafka-data-keep-groups-taken-at": "2026-11-22T13%3A00%3A00.000Z",
        "kafka-data-keep-groups-complete": "true",
        "kafka-data-keep-groups-held": "false"
      })
      yield* writeMain(location, { facts: undefined, groups: [] })
      assert.deepStrictEqual(objects.get(location)?.metadata, {})
    }).pipe(Effect.provide(services)))

  it.effect("keeps each time once in the history, oldest first, and passes others over", () =>
    Effect.gen(function*() {
      yield* writeHistory(location, taken(2, 1, { held: true }))
      const key = yield* writeHistory(location, taken(1, 1))
      assert.strictEqual(key, keyOf(1))
      assert.strictEqual(yield* writeHistory(location, taken(1, 9)), key)
      yield* put(`${location}.history/notes.txt`, Buffer.from("x"))
      yield* put(`${location}.history/20261122.avro`, Buffer.from("x"))
      const entries = yield* listHistory(location)
      assert.deepStrictEqual(entries, [
        { key: keyOf(1), takenAtMs: noon + hour },
        { key: keyOf(2), takenAtMs: noon + 2 * hour }
      ])
      assert.deepStrictEqual(
        (yield* Effect.forEach(entries, historyFacts)).map(({ held }) => held),
        [false, true]
      )
      assert.deepStrictEqual(yield* chosen({ kind: "latest" }), [key, 1])
      yield* Effect.forEach([...entries, ...entries], removeHistory)
      assert.deepStrictEqual(yield* listHistory(location), [])
      const gone = yield* Effect.flip(Effect.forEach(entries, historyFacts))
      assert.strictEqual(gone instanceof SnapshotError ? gone.reason : "", "Missing")
    }).pipe(Effect.provide(services)))

  it.effect("reads facts from the file when the object has lost its metadata", () =>
    Effect.gen(function*() {
      yield* put(keyOf(1), yield* encodeGroupFile(taken(1, 1, { complete: false })))
      yield* put(keyOf(2), groupFixtureBytes())
      const [mine, foreign] = yield* listHistory(location)
      assert.deepStrictEqual(
        yield* historyFacts(mine!),
        taken(1, 1, { complete: false }).facts
      )
      const error = yield* Effect.flip(historyFacts(foreign!))
      assert.match(error.message, /20261122T140000.000Z.avro does not say when/)
    }).pipe(Effect.provide(services)))

  it.effect("chooses the newest complete one that was not held, or the main object", () =>
    Effect.gen(function*() {
      yield* writeMain(location, taken(5, 5))
      assert.deepStrictEqual(yield* chosen({ kind: "main" }), [location, 5])
      assert.deepStrictEqual(yield* chosen({ kind: "latest" }), [location, 5])
      yield* writeHistory(location, taken(3, 3, { complete: false }))
      yield* writeHistory(location, taken(4, 4, { held: true }))
      assert.deepStrictEqual(yield* chosen({ kind: "latest" }), [location, 5])
      yield* writeHistory(location, taken(1, 1))
      yield* writeHistory(location, taken(2, 2))
      assert.deepStrictEqual(yield* chosen({ kind: "latest" }), [keyOf(2), 2])
    }).pipe(Effect.provide(services)))

  it.effect("chooses by time, and says what there is when there is none", () =>
    Effect.gen(function*() {
      const at = (hours: number) => ({ kind: "at", timeMs: noon + hours * hour }) as const
      assert.match((yield* failure(at(1))).message, /it is empty/)
      yield* writeHistory(location, taken(1, 1))
      assert.match((yield* failure(at(0))).message, /it holds one of 2026-11-22T13:00:00.000Z/)
      yield* writeHistory(location, taken(2, 2, { held: true }))
      yield* writeHistory(location, taken(3, 3))
      assert.deepStrictEqual(yield* chosen(at(9)), [keyOf(3), 3])
      assert.deepStrictEqual(yield* chosen(at(3)), [keyOf(3), 3])
      assert.deepStrictEqual(yield* chosen(at(2.9)), [keyOf(1), 1])
      assert.deepStrictEqual(yield* chosen(at(1)), [keyOf(1), 1])
      const error = yield* failure(at(0.9))
      assert.strictEqual(error.reason, "NoneInHistory")
      assert.strictEqual(
        error.message,
        "the history eu/groups.avro.history/ in memory://test has no complete snapshot of " +
          "2026-11-22T12:54:00.000Z or before; it holds 3 from 2026-11-22T13:00:00.000Z to " +
          "2026-11-22T15:00:00.000Z"
      )
    }).pipe(Effect.provide(services)))

  it.effect("takes the next older one for a damaged one, and names it", () => {
    const warnings: Array<string> = []
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ annotations, logLevel, message }) =>
        void warnings.push(`${logLevel.label} ${String(message)} ${JSON.stringify(annotations)}`)
      )
    )
    return Effect.gen(function*() {
      yield* writeHistory(location, taken(1, 1))
      const key = yield* writeHistory(location, taken(2, 2))
      const { objects } = yield* Bucket
      const whole = objects.get(key)!
      objects.set(key, { ...whole, bytes: whole.bytes.subarray(0, -1) })
      yield* put(keyOf(3), new Uint8Array())
      assert.deepStrictEqual(yield* chosen({ kind: "latest" }), [keyOf(1), 1])
      assert.strictEqual(warnings.length, 2)
      assert.match(warnings[0] ?? "", /^WARN snapshot passed over.*150000.000Z.avro.*is empty/)
      assert.match(warnings[1] ?? "", /^WARN snapshot passed over.*140000.000Z.avro.*ends inside/)
    }).pipe(Effect.provide(Layer.merge(services, logger)))
  })

  it.effect("says why the main object cannot be restored from", () =>
    Effect.gen(function*() {
      const missing = yield* failure({ kind: "latest" })
      assert.strictEqual(missing.reason, "Missing")
      assert.match(
        missing.message,
        /no snapshot .* at eu\/groups.avro in memory:\/\/test, and no complete one in eu/
      )
      const noMain = yield* failure({ kind: "main" })
      assert.match(noMain.message, /memory:\/\/test; check -s3-location, or .* -snapshot latest$/)
      for (const bytes of [Buffer.alloc(0), groupFixtureBytes().subarray(0, -40)]) {
        yield* put(location, bytes)
        const damaged = yield* failure({ kind: "main" })
        assert.strictEqual(damaged.reason, "Damaged")
        assert.match(damaged.message, /^the snapshot eu\/groups.avro is damaged: /)
      }
      const [archiveKey = ""] = fixtureKeys
      for (const bytes of [Buffer.from("{}"), fixtureBytes(archiveKey)]) {
        yield* put(location, bytes)
        const other = yield* failure({ kind: "main" })
        assert.strictEqual(other.reason, "NotASnapshot")
        assert.match(other.message, /^eu\/groups.avro is not a snapshot of consumer groups/)
      }
      yield* put(location, groupFixtureBytes())
      const { snapshot } = yield* chooseSnapshot(location, { kind: "main" })
      assert.deepStrictEqual(snapshot.groups, fixtureGroups)
    }).pipe(Effect.provide(services)))

  it.effect("reads a damaged object twice, as it may have been replaced meanwhile", () =>
    Effect.gen(function*() {
      const { faults } = yield* Bucket
      yield* writeMain(location, taken(1, 1))
      const fault = { operation: "get", reason: "ChecksumMismatch", afterBytes: 100 } as const
      faults.push(fault)
      assert.deepStrictEqual(yield* chosen({ kind: "main" }), [location, 1])
      faults.push(fault, fault)
      assert.strictEqual((yield* failure({ kind: "main" })).reason, "Damaged")
    }).pipe(Effect.provide(services)))

  it.effect("has patience with the store, and does not mix what it read", () =>
    Effect.gen(function*() {
      const { calls, faults } = yield* Bucket
      faults.push(
        { operation: "put", reason: "Throttled" },
        { operation: "put", reason: "Unreachable", afterwards: true },
        { operation: "putIfAbsent", reason: "Failed", afterwards: true },
        { operation: "head", reason: "Throttled" },
        { operation: "get", reason: "Unreachable", afterBytes: 1600 }
      )
      const work = Effect.gen(function*() {
        yield* writeMain(location, taken(1, 1))
        yield* writeHistory(location, taken(1, 1))
        return yield* readMain(location)
      })
      const found = yield* passingTime(work)
      assert.deepStrictEqual(Option.getOrThrow(found).snapshot, taken(1, 1))
      assert.strictEqual(calls.filter(([operation]) => operation === "get").length, 2)
      faults.push({ operation: "put", reason: "Denied" })
      const error = yield* Effect.flip(writeMain(location, taken(2, 2)))
      assert.strictEqual(error._tag === "StoreError" ? error.reason : "", "Denied")
    }).pipe(Effect.provide(services)))
})
