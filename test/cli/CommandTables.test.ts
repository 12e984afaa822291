import { assert, describe, it } from "@effect/vitest"
import { Either } from "effect"
import { readFileSync } from "node:fs"
import { cliDocs, cliDocsPath } from "../../dev/cliDocs.ts"
import { commands, program, summary } from "../../src/cli/Commands.ts"
import { commandHelp, programHelp } from "../../src/cli/HelpText.ts"

type Row = readonly [flag: string, env: string, fallback: string]

const kafka: ReadonlyArray<Row> = [
  ["brokers", "KAFKA_BROKERS", "localhost:9092"],
  ["brokersDNSSrv", "KAFKA_BROKERS_DNS_SRV", ""],
  ["kafka-mtls-auth", "KAFKA_MTLS_AUTH", "false"],
  ["kafka-mtls-ca-cert-path", "KAFKA_MTLS_CA_CERT_PATH", "/certs/ca.crt"],
  ["kafka-mtls-client-cert-path", "KAFKA_MTLS_CLIENT_CERT_PATH", "/certs/tls.crt"],
  ["kafka-mtls-client-key-path", "KAFKA_MTLS_CLIENT_KEY_PATH", "/certs/tls.key"],
  ["kgo-log-level", "KGO_LOG_LEVEL", "INFO"]
]

const common: ReadonlyArray<Row> = [
  ...kafka,
  ["s3-bucket", "S3_BUCKET", ""],
  ["s3-endpoint", "AWS_ENDPOINT_URL", ""],
  ["s3-region", "AWS_REGION", "eu-west-1"],
  ["log-level", "LOG_LEVEL", "INFO"],
  ["log-format", "LOG_FORMAT", "text"],
  ["metrics-port", "METRICS_PORT", "8081"],
  ["enable-pprof", "ENABLE_PPROF", "false"],
  ["pprof-port", "PPROF_PORT", "6060"]
]

/** The flags of the Go program that this one takes over from, command by command. */
const original: Readonly<Record<string, ReadonlyArray<Row>>> = {
  "topics-backup": [
    ...common,
    ["topics-regex", "KAFKA_TOPICS_REGEX", ".*"],
    ["exclude-topics-regex", "KAFKA_EXCLUDE_TOPICS_REGEX", ""],
    ["group-id", "KAFKA_GROUP_ID", "kafka-data-keep"],
    ["s3-prefix", "S3_PREFIX", ""],
    ["min-file-size", "MIN_FILE_SIZE", "5242880"],
    ["partition-idle-threshold", "PARTITION_IDLE_THRESHOLD", "5s"],
    ["working-dir", "WORKING_DIR", "kafka-backup-data"],
    ["enable-flush-server", "ENABLE_FLUSH_SERVER", "false"],
    ["flush-server-port", "FLUSH_SERVER_PORT", "8082"],
    ["consume-delay", "CONSUME_DELAY", "0s"]
  ],
  "topics-plan-restore": [
    ...common,
    ["restore-topics-regex", "RESTORE_TOPICS_REGEX", ".*"],
    ["exclude-topics-regex", "EXCLUDE_TOPICS_REGEX", ""],
    ["plan-topic", "PLAN_TOPIC", "pubsub.plan-topic-restore"],
    ["s3-prefix", "S3_PREFIX", "msk-backup"],
    ["process-large-topics-last", "PROCESS_LARGE_TOPICS_LAST", "false"],
    ["large-topic-threshold-mb", "LARGE_TOPIC_THRESHOLD_MB", "92160"]
  ],
  "topics-restore": [
    ...common,
    ["plan-topic", "KAFKA_PLAN_TOPIC", "pubsub.plan-topic-restore"],
    ["restore-topic-prefix", "KAFKA_RESTORE_TOPIC_PREFIX", "pubsub.restore-test."],
    ["group-id", "KAFKA_GROUP_ID", "pubsub.msk-data-keep-restore"],
    ["fail-on-existing-data", "FAIL_ON_EXISTING_DATA", "true"],
    ["exclude-topics-regexes", "EXCLUDE_TOPICS_REGEXES", ""],
    ["consume-delay", "CONSUME_DELAY", "0s"]
  ],
  "consumer-groups-backup": [
    ...common,
    ["s3-location", "S3_LOCATION", ""],
    ["run-interval", "RUN_INTERVAL", "1m"]
  ],
  "consumer-groups-restore": [
    ...common,
    ["s3-location", "S3_LOCATION", ""],
    ["restore-groups-prefix", "RESTORE_GROUPS_PREFIX", ""],
    ["restore-topics-prefix", "RESTORE_TOPICS_PREFIX", ""],
    ["include-regexes", "INCLUDE_REGEXES", ".*"],
    ["exclude-regexes", "EXCLUDE_REGEXES", ""],
    ["include-groups-regexes", "INCLUDE_GROUPS_REGEXES", ".*"],
    ["exclude-groups-regexes", "EXCLUDE_GROUPS_REGEXES", ""],
    ["exclude-topics-regexes", "EXCLUDE_TOPICS_REGEXES", ""],
    ["loop-interval", "LOOP_INTERVAL", "1m"]
  ]
}

const flagsOf = (name: string) =>
  Object.values(commands.find((command) => command.name === name)?.flags ?? {})

describe("the tables of flags", () => {
  for (const [name, rows] of Object.entries(original)) {
    it(`${name} has every flag of the Go program, with variable and default`, () => {
      const ours = flagsOf(name).map(({ env, fallback, name: flag }) =>
        [flag, env, fallback].join(" ")
      )
      assert.includeMembers(ours, rows.map((row) => row.join(" ")))
    })
  }

  for (const { flags, groups, name } of commands) {
    it(`${name}: names and variables differ, and defaults are right`, () => {
      const all = groups.flatMap((group) => Object.values(group.flags))
      assert.strictEqual(Object.keys(flags).length, all.length)
      assert.strictEqual(new Set(all.map((flag) => flag.name)).size, all.length)
      assert.strictEqual(new Set(all.map(({ env }) => env)).size, all.length)
      const wrong = all.filter((flag) => Either.isLeft(flag.parse(flag.fallback)))
      assert.deepStrictEqual(wrong.map((flag) => flag.name), [])
    })

    it(`${name}: flags that are ours have a variable of the same name`, () => {
      const theirs = new Set((original[name] ?? common).map(([flag]) => flag))
      for (const { env, name: flag } of flagsOf(name).filter((each) => !theirs.has(each.name))) {
        assert.strictEqual(env, flag.toUpperCase().replaceAll("-", "_"))
      }
    })
  }
})

describe("help and documents", () => {
  it("name every command and flag, within 100 columns", () => {
    const helps = [
      programHelp(program, summary, commands),
      ...commands.map((command) => commandHelp(program, command))
    ]
    for (const command of commands) {
      assert.include(helps[0], command.name)
      for (const flag of Object.values(command.flags)) {
        assert.include(commandHelp(program, command), `\n  -${flag.name}`)
      }
    }
    const wide = helps.flatMap((help) => help.split("\n")).filter((line) => line.length > 100)
    assert.deepStrictEqual(wide, [])
  })

  it("docs/CLI.md is what the tables say", () => {
    assert.strictEqual(readFileSync(cliDocsPath, "utf8"), cliDocs())
  })
})
