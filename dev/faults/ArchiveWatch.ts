/** Looks at the archive again and again: how far it reaches, and whether a file ever changes. */
import type { _Object as Listed, S3Client } from "@aws-sdk/client-s3"
import { HeadObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3"
import { Effect } from "effect"
import { s3Client } from "../stack/S3Gateway.ts"
import { StackAddresses } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { prefix } from "./Programs.ts"

interface Place {
  readonly topic: string
  readonly partition: number
}

export const placeOf = ({ partition, topic }: Place): string => `${topic}/${partition}`

const keyForm = /\/([^/]+)\/(\d+)\/[^/]+\.avro$/

const placeOfKey = (key: string): string => {
  const [, topic = "", partition = ""] = keyForm.exec(key) ?? []
  return placeOf({ topic, partition: Number(partition) })
}

const identity = ({ ETag, LastModified, Size }: Listed): string =>
  `${ETag} ${Size} ${LastModified?.toISOString()}`

const list = async (client: S3Client, bucket: string): Promise<ReadonlyArray<Listed>> => {
  const objects: Array<Listed> = []
  const below = { Bucket: bucket, Prefix: `${prefix}/` }
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, below)) {
    objects.push(...Contents)
  }
  return objects
}

export const makeArchiveWatch = Effect.gen(function*() {
  const { s3 } = yield* StackAddresses
  const client = yield* Effect.acquireRelease(
    Effect.sync(() => s3Client(s3)),
    (client) => Effect.sync(() => client.destroy())
  )
  const seen = new Map<string, string>()
  const reach = new Map<string, number>()
  const changed = new Set<string>()

  /** Each object is asked for its facts once. */
  const extend = async (key: string): Promise<void> => {
    const { Metadata = {} } = await client.send(
      new HeadObjectCommand({ Bucket: s3.bucket, Key: key })
    )
    const place = placeOfKey(key)
    const next = Number(Metadata["kafka-data-keep-coverage-next"])
    reach.set(place, Math.max(reach.get(place) ?? 0, next))
  }
  const look = async (): Promise<ReadonlyMap<string, number>> => {
    const objects = new Map((await list(client, s3.bucket)).map((each) => [each.Key ?? "", each]))
    for (const [key, object] of objects) {
      const before = seen.get(key)
      if (before === undefined) await extend(key)
      else if (before !== identity(object)) changed.add(`${key} was written again`)
      seen.set(key, identity(object))
    }
    for (const key of seen.keys()) if (!objects.has(key)) changed.add(`${key} is gone`)
    return reach
  }
  return {
    /** Up to which offset each partition, as `placeOf` names it, is archived now. */
    look: Effect.tryPromise({
      try: look,
      catch: (cause) => new StackError({ step: "look at the archive", cause })
    }),
    /** A sentence for each file that did not stay as it was. */
    changes: (): ReadonlyArray<string> => [...changed]
  }
})
