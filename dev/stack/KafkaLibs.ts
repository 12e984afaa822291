/** The jars of an Apache Kafka release, with everything they need to run. */
import { Effect } from "effect"
import fs from "node:fs/promises"
import path from "node:path"
import { cachePath, installOnce } from "./Cache.ts"
import { StackError } from "./StackError.ts"
import { jdk, runTool } from "./Tool.ts"

export const defaultKafkaVersion = "4.3.1"

/** The release to use: KAFKA_VERSION, or the default. */
export const kafkaVersion = (): string => process.env["KAFKA_VERSION"] || defaultKafkaVersion

/** Kafka 3 brings its own logging backend; two of them on one class path quarrel. */
const dependency = (artifact: string, version: string) =>
  `    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId>
      <version>${version}</version>
      <exclusions>
        <exclusion><groupId>org.slf4j</groupId><artifactId>slf4j-reload4j</artifactId></exclusion>
      </exclusions>
    </dependency>`

const pom = (version: string) =>
  `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-libs</artifactId><version>1</version>
  <dependencies>
${dependency("kafka_2.13", version)}
${dependency("kafka-tools", version)}
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
`

/** Warnings and errors only, for the brokers and for every tool run from these jars. */
const loggingProperties = "org.slf4j.simpleLogger.defaultLogLevel=warn\n"

/** The directory with the jars of that release; downloads them the first time. */
export const kafkaLibs = (version: string): Effect.Effect<string, StackError> => {
  const step = `install Apache Kafka ${version}`
  const write = (directory: string, name: string, text: string) =>
    Effect.tryPromise({
      try: () => fs.writeFile(path.join(directory, name), text),
      catch: (cause) => new StackError({ step, cause })
    })
  return installOnce(
    cachePath(`kafka-${version}`, "libs"),
    `Apache Kafka ${version}`,
    (directory) =>
      Effect.gen(function*() {
        const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${directory}`]
        yield* write(directory, "pom.xml", pom(version))
        yield* runTool(step, "mvn", ["-q", "-B", ...goal], { cwd: directory })
        yield* write(directory, "simplelogger.properties", loggingProperties)
        const contents = ["--create", "--file", "logging.jar", "simplelogger.properties"]
        yield* runTool(step, jdk("jar"), contents, { cwd: directory })
      })
  )
}
