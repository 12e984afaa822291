/** Flags that say how target topics come to be. */
import { Either } from "effect"
import type { Flag, Values } from "./Flag.ts"
import type { FlagText } from "./FlagKinds.ts"
import { boolean, custom, splitList } from "./FlagKinds.ts"

const expected = "a list such as retention.ms=-1,cleanup.policy=compact,delete, each name once"

/** A part without `=` goes on with the value before it: values of Kafka's configs can be lists. */
const pairsOf = (parts: ReadonlyArray<string>): ReadonlyArray<readonly [string, string]> => {
  const pairs: Array<[string, string]> = []
  for (const part of parts) {
    const at = part.indexOf("=")
    const last = pairs.at(-1)
    if (at >= 0) pairs.push([part.slice(0, at).trim(), part.slice(at + 1).trim()])
    else if (last === undefined) pairs.push(["", part])
    else last[1] += `,${part}`
  }
  return pairs
}

const configsFlag = (flag: FlagText): Flag<Readonly<Record<string, string>>> =>
  custom(flag, "name=value,...", (value) =>
    Either.flatMap(splitList(value), (parts) => {
      const pairs = pairsOf(parts)
      const names = new Set(pairs.map(([name]) => name))
      return names.size === pairs.length && !names.has("")
        ? Either.right(Object.fromEntries(pairs))
        : Either.left(expected)
    }))

export const targetFlags = {
  createTopics: boolean([
    "create-topics",
    "CREATE_TOPICS",
    "false",
    "Create target topics that are missing as the archive has their definitions, before anything is restored"
  ]),
  topicConfig: configsFlag([
    "topic-config",
    "TOPIC_CONFIG",
    "",
    "Configs of the topics that -create-topics creates, before those of their definitions"
  ])
}

type TargetValues = Values<typeof targetFlags>

export const targetProblems = (
  { createTopics, topicConfig }: TargetValues
): ReadonlyArray<string> =>
  createTopics || Object.keys(topicConfig).length === 0
    ? []
    : ["-topic-config is for the topics that -create-topics creates: give both, or neither"]
