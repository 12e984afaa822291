/** The version in `package.json`, put here by the bundler; `development` when run from source. */
declare const KAFKA_DATA_KEEP_VERSION: string | undefined

export const version: string = typeof KAFKA_DATA_KEEP_VERSION === "string"
  ? KAFKA_DATA_KEEP_VERSION
  : "development"

/** What asks for it, as the first argument. */
export const versionWords: ReadonlySet<string> = new Set(["--version", "-version"])
