/** Stores and working directories that cannot be used, as the commands tell of them. */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import fs from "node:fs/promises"
import { StackAddresses } from "../../dev/stack/Stack.ts"
import { asOperated, badServer, refused } from "../support/BadInput.ts"
import { BundleLayer, workplace } from "../support/CommandLine.ts"
import { SharedStack } from "../support/SharedStack.ts"

const Live = Layer.provideMerge(BundleLayer("bad-input-places"), SharedStack)

/** Runs on two cores at once. */
const together = { concurrency: 4 }

const backup = "topics-backup"
const plan = "topics-plan-restore"
const restore = "topics-restore"

layer(Live, { excludeTestServices: true, timeout: "5 minutes" })("a bad place", (it) => {
  it.scoped(
    "for the archive in S3 is named, with what to check",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const { endpoint } = (yield* StackAddresses).s3
        const resets = `http://${yield* badServer((socket) =>
          socket.once("data", () => socket.resetAndDestroy())
        )}`
        const up =
          "check -s3-endpoint [env AWS_ENDPOINT_URL], the network, and that the store is up"
        const keys =
          "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile or role in their place"
        const denied = `no access to the object store at ${endpoint} with these credentials: `
        const bucket =
          "check -s3-bucket [env S3_BUCKET], -s3-endpoint [env AWS_ENDPOINT_URL] and -s3-region [env AWS_REGION]"
        const nobody = "the object store cannot be reached at http://127.0.0.1:1: " +
          `connect ECONNREFUSED 127.0.0.1:1; ${up}`
        const noBucket = `there is no bucket nowhere at ${endpoint}; ${bucket}`
        const cases = [
          [backup, { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, nobody],
          [plan, { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, nobody],
          [restore, { AWS_ENDPOINT_URL: "http://127.0.0.1:1" }, nobody],
          [
            restore,
            { AWS_ENDPOINT_URL: "http://nowhere.invalid" },
            `the object store cannot be reached at http://nowhere.invalid: getaddrinfo ENOTFOUND nowhere.invalid; ${up}`
          ],
          [
            backup,
            { AWS_ENDPOINT_URL: resets },
            `the object store cannot be reached at ${resets}: read ECONNRESET; ${up}`
          ],
          [
            backup,
            { AWS_SECRET_ACCESS_KEY: "wrong" },
            `${denied}SignatureDoesNotMatch: The request signature we calculated does not match ` +
            `the signature you provided. Check your key and signing method; ${keys}`
          ],
          [
            restore,
            { AWS_ACCESS_KEY_ID: "nobody" },
            `${denied}XAdminUserNotFound: No user exists with the provided access key ID; ${keys}`
          ],
          [
            plan,
            { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
            `${denied}Could not load credentials from any providers; ${keys}`
          ],
          [backup, { S3_BUCKET: "nowhere" }, noBucket],
          [restore, { S3_BUCKET: "nowhere" }, noBucket],
          [
            plan,
            {},
            `the archive has no topic under "${place.prefix}/"; ` +
            "check -s3-prefix [env S3_PREFIX] and the topic flags"
          ]
        ] as const
        yield* Effect.forEach(cases, ([command, env, problem], at) =>
          Effect.map(
            refused(place, [command, "-once"], {
              WORKING_DIR: place.file(`working-${at}`),
              ...env
            }),
            (said) => assert.strictEqual(said, problem)
          ), together)
      }),
    240_000
  )

  it.scoped(
    "for the archive in a directory is named, and a malformed one is wrong usage",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const file = place.file("file")
        yield* Effect.promise(() => fs.writeFile(file, ""))
        const working = { WORKING_DIR: place.file("working") }
        const cases = [
          [restore, place.file("missing"), "no such directory"],
          [plan, file, "not a directory"],
          [backup, file, "not a directory"],
          [backup, `${file}/below`, `ENOTDIR: not a directory, mkdir '${file}/below'`],
          [backup, "/proc/archive", "ENOENT: no such file or directory, mkdir '/proc/archive'"]
        ] as const
        // Each with a buffer of its own: who else uses one would be said first.
        const own = (at: number) => ({ WORKING_DIR: place.file(`working-${at}`) })
        yield* Effect.forEach(cases, ([command, directory, problem], at) =>
          Effect.map(
            refused(place, [command, "-once", "-store", `file://${directory}`], own(at)),
            (said) =>
              assert.strictEqual(
                said,
                `the archive directory ${directory} cannot be used: ${problem}; check -store [env STORE]`
              )
          ), together)
        const malformed = ["/tmp/archive", "file:/tmp", "s3://bucket/archive", "file:///tmp/%zz"]
        yield* Effect.forEach(malformed, (store) =>
          Effect.map(place.finish([backup, "-store", store], working), ({ code, stderr }) => {
            assert.strictEqual(code, 2)
            const [problem = "", usage, ...more] = stderr.split("\n")
            const wrong = `kafka-data-keep: invalid value "${store}" for -store [env STORE]: ` +
              "expected file:// and an absolute path, as in file:///var/lib/archive"
            assert.isTrue(problem.startsWith(wrong), problem)
            assert.strictEqual(usage, "Run 'kafka-data-keep topics-backup --help' for usage.")
            assert.deepStrictEqual(more, [""])
          }), together)
      }),
    120_000
  )

  it.scoped(
    "for the disk buffer is named, and so is one that another process uses",
    () =>
      Effect.gen(function*() {
        const place = yield* workplace
        const file = place.file("file")
        yield* Effect.promise(() => fs.writeFile(file, ""))
        const first = yield* place.run([backup, "-topics-regex", "^none-of-them$"], {
          ...asOperated,
          WORKING_DIR: place.file("shared")
        })
        yield* first.said("archive found")
        const give = "give one that can be written to with -working-dir [env WORKING_DIR]"
        const cannot = "the working directory cannot be used: "
        const cases = [
          [
            file,
            `${cannot}ENOTDIR: not a directory, mkdir '${file}/.kafka-data-keep/buffer'; ${give}`
          ],
          [
            `${file}/below`,
            `${cannot}ENOTDIR: not a directory, mkdir '${file}/below/.kafka-data-keep/buffer'; ${give}`
          ],
          [
            "/proc/working",
            `${cannot}ENOENT: no such file or directory, mkdir '/proc/working'; ${give}`
          ],
          [
            place.file("shared"),
            `process ${first.child.pid} uses this working directory ` +
            `(${place.file("shared/.kafka-data-keep/lock")}); ` +
            "stop it, or give another -working-dir [env WORKING_DIR]"
          ]
        ] as const
        yield* Effect.forEach(cases, ([directory, problem]) =>
          Effect.map(
            refused(place, [backup, "-once"], { WORKING_DIR: directory }),
            (said) => assert.strictEqual(said, problem)
          ), together)
        assert.strictEqual((yield* first.stop("SIGTERM")).code, 0)
      }),
    120_000
  )
})
