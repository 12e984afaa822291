/** What the benchmark computes and draws: a wrong median or bar would hide a slow program. */
import { assert, describe, it } from "@effect/vitest"
import type { Bar } from "../../dev/bench/Bars.ts"
import { barLine, isMet, show } from "../../dev/bench/Bars.ts"
import { barChart, lineChart } from "../../dev/bench/Charts.ts"
import { fewRuns, parseOptions, partNames, scaled } from "../../dev/bench/Options.ts"
import { median, medianOf, medianRatio } from "../../dev/bench/Statistics.ts"
import { escapeXml, ticks } from "../../dev/bench/Svg.ts"
import { coreShare } from "../../dev/bench/Watch.ts"
import { windowRates } from "../../dev/bench/Windows.ts"

describe("statistics", () => {
  it("takes the middle, or the mean of the two in the middle", () => {
    assert.strictEqual(median([9, 1, 5]), 5)
    assert.strictEqual(median([4, 1, 2, 100]), 3)
    assert.strictEqual(median([7]), 7)
    assert.isNaN(median([]))
  })

  it("compares what was measured in the same round", () => {
    // The second round was slow for both: that says nothing about their ratio.
    const rounds = [{ ours: 2, theirs: 1 }, { ours: 30, theirs: 10 }, { ours: 2, theirs: 2 }]
    assert.strictEqual(medianRatio(rounds, ({ ours }) => ours, ({ theirs }) => theirs), 2)
    assert.strictEqual(medianOf(rounds, ({ theirs }) => theirs), 2)
  })

  it("knows the rates of all windows but those at the start and the end", () => {
    const at = (seconds: number, amount: number) => ({ seconds, amount })
    const even = Array.from({ length: 9 }, (_, second) => at(second, second * 10))
    assert.deepStrictEqual(windowRates(even, 2), [10, 10, 10])
    const halting = [at(0, 0), at(1, 5), at(2, 10), at(3, 20), at(5, 20), at(6, 30), at(7, 31)]
    assert.deepStrictEqual(windowRates(halting, 2), [0])
    assert.deepStrictEqual(windowRates([], 2), [])
  })

  it("knows the share of a core between the first look and the last", () => {
    const look = (seconds: number, cpuMs: number) => ({ seconds, cpuMs, memory: 0, behind: 0 })
    assert.strictEqual(coreShare([look(1, 500), look(2, 900), look(5, 2500)]), 0.5)
    assert.isNaN(coreShare([look(1, 500)]))
  })
})

describe("bars", () => {
  const bar: Bar = { name: "wall", value: 1.2, limit: 1.3, better: "lower", unit: "x" }

  it("are met on the good side of the limit, the limit included, and never without a figure", () => {
    assert.isTrue(isMet(bar))
    assert.isTrue(isMet({ ...bar, value: 1.3 }))
    assert.isFalse(isMet({ ...bar, value: 1.31 }))
    assert.isFalse(isMet({ ...bar, better: "higher" }))
    assert.isTrue(isMet({ ...bar, better: "higher", value: 1.3 }))
    assert.isFalse(isMet({ ...bar, value: NaN }))
    assert.isFalse(isMet({ ...bar, better: "higher", value: NaN }))
  })

  it("say the figure, the limit, and whether the further one is reached", () => {
    assert.include(barLine(bar), "met     wall: 1.20 x (bar: <= 1.30 x)")
    assert.include(barLine({ ...bar, stretch: 1.15 }), "stretch: <= 1.15 x)")
    assert.include(barLine({ ...bar, stretch: 1.25 }), "stretch: <= 1.25 x, met too)")
    assert.include(barLine({ ...bar, better: "higher" }), "missed  wall: 1.20 x (bar: >= 1.30 x)")
  })

  it("show bytes, fractions and rates as people read them", () => {
    assert.strictEqual(show(255_600_000, "MB"), "256 MB")
    assert.strictEqual(show(0.0512, "%"), "5.1 %")
    assert.strictEqual(show(600_000.4, "/s"), "600,000/s")
    assert.strictEqual(show(1.234, "s"), "1.23 s")
  })
})

describe("charts", () => {
  it("escape what people write", () => {
    assert.strictEqual(escapeXml(`a < b & "c" > d`), "a &lt; b &amp; &quot;c&quot; &gt; d")
    const chart = lineChart({
      title: "<&>",
      x: "\"x\"",
      y: "y",
      series: [{ name: "a<b", points: [[0, 1], [1, 2]] }]
    })
    for (const text of ["&lt;&amp;&gt;", "&quot;x&quot;", "a&lt;b"]) assert.include(chart, text)
  })

  it("have an axis of round numbers that reaches the largest value", () => {
    assert.deepStrictEqual(ticks(10), [0, 2, 4, 6, 8, 10])
    assert.deepStrictEqual(ticks(7.3), [0, 2, 4, 6, 8])
    assert.deepStrictEqual(ticks(0), [0, 1])
    assert.deepStrictEqual(ticks(-Infinity), [0, 1])
  })

  it("draw numbers only, and leave out what is missing", () => {
    const bars = barChart({
      title: "bars",
      y: "s",
      names: ["a", "b"],
      groups: [{ label: "x", values: [1, NaN] }, { label: "y", values: [2, 3] }]
    })
    const lines = lineChart({
      title: "lines",
      x: "partitions",
      y: "s",
      logarithmic: true,
      series: [{ name: "one", points: [[30, 5], [300, 6], [3000, 5]] }, {
        name: "none",
        points: []
      }]
    })
    const empty = lineChart({ title: "empty", x: "x", y: "y", series: [] })
    for (const svg of [bars, lines, empty]) assert.notMatch(svg, /NaN|Infinity/)
    assert.lengthOf(bars.match(/<rect[^>]*fill="#[^f]/g) ?? [], 5)
    assert.include(lines, ">3,000</text>")
  })
})

describe("options", () => {
  it("run the core five times unless told otherwise", () => {
    const options = parseOptions([])
    assert.deepStrictEqual(options.parts, ["core"])
    assert.strictEqual(options.runs, 5)
    assert.strictEqual(fewRuns(options), 3)
    assert.strictEqual(parseOptions(["--profile"]).runs, 1)
  })

  it("choose parts, in the order of the benchmark and each once", () => {
    assert.deepStrictEqual(parseOptions(["--part", "size, core,size"]).parts, ["core", "size"])
    assert.deepStrictEqual(parseOptions(["--all"]).parts, [...partNames])
    assert.deepStrictEqual(parseOptions(["--soak", "2"]).parts, ["soak"])
    assert.deepStrictEqual(parseOptions(["--part=core", "--soak=2"]).parts, ["core", "soak"])
    assert.strictEqual(parseOptions(["--soak", "2"]).soakMinutes, 2)
  })

  it("shrink a workload, but not to nothing", () => {
    const options = parseOptions(["--scale", "0.01"])
    assert.strictEqual(scaled(options, 3000), 30)
    assert.strictEqual(scaled(options, 10), 1)
    assert.strictEqual(scaled(options, 3000, 100), 100)
  })

  it("name what they do not understand", () => {
    const refused = (...args: ReadonlyArray<string>) => () => parseOptions(args)
    assert.throws(refused("--part", "cores"), `--part: no part "cores"`)
    assert.throws(refused("--part", ""), `--part: no part ""`)
    assert.throws(refused("--all", "--part", "core"), "--all and --part exclude each other")
    assert.throws(refused("--runs", "0"), "--runs: not a count: 0")
    assert.throws(refused("--runs", "two"), "--runs: not a count: two")
    assert.throws(refused("--scale=-1"), "--scale: not above 0: -1")
    assert.throws(refused("--soak", "long"), "--soak: not above 0: long")
    assert.throws(refused("--fast"), "--fast")
  })
})
