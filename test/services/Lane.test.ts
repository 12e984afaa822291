import { assert, describe, it } from "@effect/vitest"
import type { Job, Wire } from "../../services/kafka/Lane.ts"
import { connectionFailed, Lane } from "../../services/kafka/Lane.ts"

const lost = connectionFailed("test", "broker", "lost")

/** A wire that notes what is sent on it. */
class NotedWire implements Wire {
  readonly sent: Array<string> = []
  private living = true
  expired = false
  alive = () => this.living
  authenticated = () => !this.expired
  renew = () => {
    this.expired = false
    return Promise.resolve()
  }
  start = (job: Job) => {
    this.sent.push(job.api.name)
  }
  end = () => {
    this.living = false
  }
}

const job = (name: string, failures: Array<string> = []): Job => ({
  api: { key: 0, name, version: 0 },
  frame: [],
  timeoutMs: 1000,
  throttleMs: () => 0,
  succeed: () => {},
  fail: (error) => failures.push(`${name} ${error.reason}`)
})

const settled = () => new Promise((resolve) => setTimeout(resolve, 0))

describe("Lane", () => {
  it("keeps the order of what comes before, while and after it connects", async () => {
    const wire = new NotedWire()
    const lane = new Lane(async () => {
      await settled()
      return wire
    })
    lane.submit(job("a"))
    lane.submit(job("b"))
    await settled()
    lane.submit(job("c"))
    await settled()
    lane.submit(job("d"))
    await settled()
    assert.deepStrictEqual(wire.sent, ["a", "b", "c", "d"])
  })

  it("does not send what was taken back", async () => {
    const wire = new NotedWire()
    const lane = new Lane(() => Promise.resolve(wire))
    lane.submit(job("a"))
    lane.submit(job("b"))()
    await settled()
    assert.deepStrictEqual(wire.sent, ["a"])
  })

  it("fails all that waits when it cannot connect, and tries again for the next", async () => {
    const wires = [new NotedWire()]
    const failures: Array<string> = []
    let attempts = 0
    const lane = new Lane(() => {
      attempts += 1
      const wire = wires[0]
      return attempts === 1 || wire === undefined ? Promise.reject(lost) : Promise.resolve(wire)
    })
    lane.submit(job("a", failures))
    lane.submit(job("b", failures))
    await settled()
    assert.deepStrictEqual(failures, ["a CONNECTION_FAILED", "b CONNECTION_FAILED"])
    lane.submit(job("c", failures))
    await settled()
    assert.deepStrictEqual(wires[0]?.sent, ["c"])
  })

  it("connects anew when the wire has died", async () => {
    const wires: Array<NotedWire> = []
    const lane = new Lane(() => {
      wires.push(new NotedWire())
      return Promise.resolve(wires.at(-1) ?? new NotedWire())
    })
    lane.submit(job("a"))
    await settled()
    wires[0]?.end()
    lane.submit(job("b"))
    await settled()
    assert.deepStrictEqual(wires.map(({ sent }) => sent), [["a"], ["b"]])
  })

  it("logs in again before it sends on", async () => {
    const wire = new NotedWire()
    const lane = new Lane(() => Promise.resolve(wire))
    lane.submit(job("a"))
    await settled()
    wire.expired = true
    lane.submit(job("b"))
    lane.submit(job("c"))
    assert.deepStrictEqual(wire.sent, ["a"])
    await settled()
    assert.deepStrictEqual(wire.sent, ["a", "b", "c"])
  })

  it("ends a wire that is opened after it was closed", async () => {
    const wire = new NotedWire()
    const failures: Array<string> = []
    const lane = new Lane(async () => {
      await settled()
      return wire
    })
    lane.submit(job("a", failures))
    lane.close(lost)
    await settled()
    await settled()
    assert.deepStrictEqual([failures, wire.sent, wire.alive()], [
      ["a CONNECTION_FAILED"],
      [],
      false
    ])
  })
})
