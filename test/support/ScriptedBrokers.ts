/** Brokers that say what a test wants of groups and coordinators, in the protocol's own bytes. */
import { Effect, Layer } from "effect"
import { KafkaError } from "../../services/Kafka.ts"
import { partitionFor } from "../../services/kafka/CoordinatorProbes.ts"
import { KafkaConnections } from "../../services/KafkaConnections.ts"
import { KafkaOverConnections } from "../../services/KafkaLayer.ts"
import type { Api } from "../../src/codec/kafka/Api.ts"
import { decodeResponse, encodeRequest } from "../../src/codec/kafka/Api.ts"
import { WireReader } from "../../src/codec/kafka/WireReader.ts"
import { WireWriter } from "../../src/codec/kafka/WireWriter.ts"

export interface ScriptedPartition {
  /** -1: none. */
  leader: number
  /** The broker that serves its groups, when that is not the leader. */
  server?: number
}

export interface ScriptedGroup {
  readonly groupId: string
  readonly state: string
}

const notCoordinator = 16

const reply = (write: (to: WireWriter) => void): Buffer => {
  const to = new WireWriter()
  write(to)
  return to.bytes()
}

export class ScriptedBrokers {
  /** By node id: the port that metadata tells. */
  readonly ports = new Map([[1, 9091], [2, 9092]])
  /** Of the offsets topic. */
  partitions: ReadonlyArray<ScriptedPartition> = [{ leader: 1 }, { leader: 2 }]
  /** By node id. */
  readonly groups = new Map<number, ReadonlyArray<ScriptedGroup>>()
  /** By node id: error codes of the next lists, one each. */
  readonly errors = new Map<number, Array<number>>()
  /** Node ids of brokers that refuse connections. */
  readonly down = new Set<number>()
  /** What FindCoordinator tells. */
  coordinator = { nodeId: 1, port: 9091 }
  /** Nobody may describe groups. */
  secret = false
  readonly calls: Array<string> = []

  count(name: string): number {
    return this.calls.filter((call) => call.startsWith(`${name} `)).length
  }

  #metadata(): Buffer {
    return reply((to) => {
      to.noTags()
      to.int32(0)
      to.compactArray([...this.ports], ([nodeId, port]) => {
        to.int32(nodeId)
        to.compactString("broker")
        to.int32(port)
        to.unsignedVarint(0) // rack
        to.noTags()
      })
      to.compactString("cluster")
      to.int32(1)
      to.compactArray(["__consumer_offsets"], (topic) => {
        to.int16(0)
        to.compactString(topic)
        to.raw(new Uint8Array(16))
        to.boolean(true)
        to.compactArray([...this.partitions.entries()], ([partition, { leader }]) => {
          to.int16(leader < 0 ? 5 : 0)
          to.int32(partition)
          to.int32(leader)
          to.int32(0) // epoch
          to.compactArray([7], (replica) => to.int32(replica))
          to.compactArray([], () => {})
          to.compactArray([], () => {})
          to.noTags()
        })
        to.int32(0)
        to.noTags()
      })
      to.int32(0)
      to.noTags()
    })
  }

  #list(broker: number): Buffer {
    return reply((to) => {
      to.noTags()
      to.int32(0)
      to.int16(this.errors.get(broker)?.shift() ?? 0)
      to.compactArray(this.groups.get(broker) ?? [], ({ groupId, state }) => {
        to.compactString(groupId)
        to.compactString("consumer")
        to.compactString(state)
        to.noTags()
      })
      to.noTags()
    })
  }

  #describe(broker: number, names: ReadonlyArray<string>): Buffer {
    return reply((to) => {
      to.int32(0)
      to.array(names, (name) => {
        const at = this.partitions[partitionFor(name, this.partitions.length)]
        const serves = (at?.server ?? at?.leader) === broker
        to.int16(this.secret ? 30 : serves ? 0 : notCoordinator)
        to.string(name)
        for (let i = 0; i < 3; i++) to.string("")
        to.int32(0)
      })
    })
  }

  #answer(name: string, broker: number, body: Buffer): Buffer {
    switch (name) {
      case "Metadata":
        return this.#metadata()
      case "ListGroups":
        return this.#list(broker)
      case "DescribeGroups": {
        const reader = new WireReader(body)
        return this.#describe(broker, reader.array(() => reader.string()))
      }
      case "FindCoordinator":
        return reply((to) => {
          to.int32(0)
          to.int16(0)
          to.nullableString(null)
          to.int32(this.coordinator.nodeId)
          to.string("broker")
          to.int32(this.coordinator.port)
        })
      default: // OffsetFetch: no offsets
        return Buffer.alloc(10)
    }
  }

  #call<Request, Response>(api: Api<Request, Response>, broker: number, request: Request) {
    return Effect.suspend(() => {
      this.calls.push(`${api.name} ${broker}`)
      if (this.down.has(broker)) {
        const subject = `broker ${broker}`
        return new KafkaError({ reason: "CONNECTION_FAILED", operation: "", subject, cause: "" })
      }
      const frame = Buffer.concat(encodeRequest(api, "", request))
      return Effect.succeed(decodeResponse(api, this.#answer(api.name, broker, frame.subarray(14))))
    })
  }

  /** A client of these brokers. */
  get layer() {
    let known = new Map<number, number>()
    const connections = KafkaConnections.of({
      call: (to, api, request) => this.#call(api, to.broker, request),
      callAny: (api, request) => this.#call(api, 0, request),
      learn: (brokers) =>
        Effect.sync(() => {
          known = new Map(brokers.map(({ nodeId, port }) => [nodeId, port]))
        }),
      knows: (broker) => known.has(broker),
      knowsAt: (broker, host, port) => host === "broker" && known.get(broker) === port,
      close: () => Effect.void
    })
    return Layer.provide(KafkaOverConnections, Layer.succeed(KafkaConnections, connections))
  }
}
