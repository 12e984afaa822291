/** Flags that say where the archive is: an S3 bucket, or a directory in its place. */
import { Either } from "effect"
import type { GenerationChoice } from "../domain/Settings.ts"
import type { Flag, Values } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { custom, text } from "./FlagKinds.ts"

const expected = "file:// and an absolute path, as in file:///var/lib/archive"

/** The directory of a `file://` address; empty when none is given. */
const directory = (flag: FlagText): Flag<string> =>
  custom(flag, "url", (value) => {
    if (value === "") return Either.right("")
    if (!value.startsWith("file:///") || !URL.canParse(value)) return Either.left(expected)
    const url = new URL(value)
    return url.search === "" && url.hash === ""
      ? Either.try({
        try: () => decodeURIComponent(url.pathname),
        catch: () => `${expected}, with % written as %25`
      })
      : Either.left(`${expected}, with ? and # written as %3F and %23`)
  })

export const storeFlags = {
  s3Bucket: text([
    "s3-bucket",
    "S3_BUCKET",
    "",
    "Bucket of the archive; credentials as for any AWS tool"
  ], "bucket"),
  s3Endpoint: text([
    "s3-endpoint",
    "AWS_ENDPOINT_URL",
    "",
    "Address of an S3-compatible server, e.g. http://localhost:9000; implies path-style addressing"
  ], "url"),
  s3Region: text(["s3-region", "AWS_REGION", "eu-west-1", "Region of the S3 bucket"], "region"),
  store: directory([
    "store",
    "STORE",
    "",
    "Directory that holds the archive in place of an S3 bucket, e.g. file:///var/lib/archive; beats -s3-bucket"
  ])
}

export const prefixFlag = (fallback: string): Flag<string> =>
  text([
    "s3-prefix",
    "S3_PREFIX",
    fallback,
    "What the keys of archive files begin with, in the bucket or the directory. Set the same for backup and plan, whose defaults differ; without one, a topic that is recreated cannot be backed up again"
  ], "prefix")

/** A topic id as Kafka's tools print it: 22 characters of base64url. */
const topicIdForm = /^[\w-]{22}$/

export const generationFlag = custom<GenerationChoice>(
  [
    "generation",
    "GENERATION",
    "newest",
    "Which life of a topic that was deleted and recreated: newest, first (what lies under the prefix itself), or a topic id"
  ],
  "generation",
  (value) =>
    value === "newest" || value === "first"
      ? Either.right(value)
      : topicIdForm.test(value)
      ? Either.right({ topicId: value })
      : Either.left("newest, first, or a topic id of 22 characters")
)

/** The key of the object that holds the positions of consumer groups; empty when none is given. */
export const locationFlag = (description: string): Flag<string> =>
  custom(
    ["s3-location", "S3_LOCATION", "", description],
    "key",
    (value) =>
      value.endsWith("/")
        ? Either.left("the key of an object, which does not end with a slash")
        : Either.right(value)
  )

/** The original's default is empty, and nothing can be done with it. */
export const locationProblems = (
  { location }: { readonly location: string }
): ReadonlyArray<string> =>
  location === ""
    ? [
      "no location of the snapshot given: name its key in the bucket or the directory with -s3-location [env S3_LOCATION], such as consumer-groups.avro"
    ]
    : []

export type StoreSettings =
  | { readonly kind: "directory"; readonly directory: string }
  | {
    readonly kind: "s3"
    readonly bucket: string
    readonly region: string
    /** Empty: AWS. */
    readonly endpoint: string
  }

/** `--store` wins over a bucket, which deployments often set for all commands. */
export const storeSettings = (
  values: Values<typeof storeFlags>
): Either.Either<StoreSettings, ReadonlyArray<string>> => {
  if (values.store !== "") return Either.right({ kind: "directory", directory: values.store })
  if (values.s3Bucket === "") {
    return Either.left([
      "no archive given: name an S3 bucket with -s3-bucket [env S3_BUCKET], or a directory with -store file:///path [env STORE]"
    ])
  }
  if (values.s3Endpoint !== "" && !/^https?:\/\/[^/]/.test(values.s3Endpoint)) {
    return Either.left([
      `invalid value ${
        JSON.stringify(values.s3Endpoint)
      } for -s3-endpoint [env AWS_ENDPOINT_URL]: expected an address such as http://localhost:9000`
    ])
  }
  const { s3Bucket: bucket, s3Endpoint: endpoint, s3Region: region } = values
  return Either.right({ kind: "s3", bucket, region, endpoint })
}
