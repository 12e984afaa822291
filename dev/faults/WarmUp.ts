/** Before the faults: a plan is for the topics that are in the archive when it begins. */
import { ListObjectsV2Command } from "@aws-sdk/client-s3"
import { Effect, Schedule } from "effect"
import { s3Client } from "../stack/S3Gateway.ts"
import { StackAddresses } from "../stack/Stack.ts"
import { StackError } from "../stack/StackError.ts"
import { prefix } from "./Programs.ts"

/** Returns when each of the topics has a file in the archive. */
export const archivedTopics = (topics: ReadonlyArray<string>) =>
  Effect.flatMap(StackAddresses, ({ s3 }) => {
    const client = s3Client(s3)
    const archived = (topic: string) =>
      Effect.promise(async () => {
        const below = { Bucket: s3.bucket, Prefix: `${prefix}/${topic}/`, MaxKeys: 1 }
        const { KeyCount = 0 } = await client.send(new ListObjectsV2Command(below))
        return KeyCount > 0
      })
    return Effect.every(topics, archived).pipe(
      Effect.repeat({ until: (all) => all, schedule: Schedule.spaced("300 millis") }),
      Effect.timeoutFail({
        duration: "4 minutes",
        onTimeout: () => new StackError({ step: "warm up", cause: "no archive file appears" })
      }),
      Effect.ensuring(Effect.sync(() => client.destroy()))
    )
  })
