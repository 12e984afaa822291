/** What every Kafka layer must do: in memory, and on a real cluster. */
import { layer as suite } from "@effect/vitest"
import type { Layer } from "effect"
import type { Kafka } from "../../services/Kafka.ts"
import type { SecondClient } from "./contract/Fixtures.ts"
import { groupsContract } from "./contract/GroupsContract.ts"
import { logContract } from "./contract/LogContract.ts"
import { positionsContract } from "./contract/PositionsContract.ts"
import { producersContract } from "./contract/ProducersContract.ts"
import { sessionContract } from "./contract/SessionContract.ts"
import { topicsContract } from "./contract/TopicsContract.ts"

/** Needs a cluster where a topic may have one replica; leaves topics and groups behind. */
export const kafkaContract = <E>(name: string, layer: Layer.Layer<Kafka | SecondClient, E>): void =>
  suite(layer, { excludeTestServices: true, timeout: "120 seconds" })(name, (it) => {
    topicsContract(it)
    logContract(it)
    sessionContract(it)
    producersContract(it)
    groupsContract(it)
    positionsContract(it)
  })
