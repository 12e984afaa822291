import { assert, it } from "@effect/vitest"
import { Duration, Effect, Metric, MetricBoundaries, TestClock } from "effect"
import { familiesByWorker, metricFamilies } from "../../services/MetricFamilies.ts"
import * as Metrics from "../../services/Metrics.ts"
import { prometheusText } from "../../services/PrometheusText.ts"

const text = Effect.sync(() => prometheusText(metricFamilies()))

const linesOf = (name: string) =>
  Effect.map(text, (all) => all.split("\n").filter((line) => line.includes(name)))

const prefix = Metrics.metricPrefix

it.effect("counters and gauges with help, type and escaped labels", () =>
  Effect.gen(function*() {
    const counter = Metric.counter(`${prefix}t_counter_total`, { description: "one\\two\nthree" })
    yield* Metric.incrementBy(Metric.tagged(counter, "topic", "a\"b\\c\nd"), 3)
    yield* Metric.set(Metric.gauge(`${prefix}t_gauge`, { description: "a gauge" }), 1.5)
    assert.deepStrictEqual(yield* linesOf("t_counter_total"), [
      `# HELP ${prefix}t_counter_total one\\\\two\\nthree`,
      `# TYPE ${prefix}t_counter_total counter`,
      `${prefix}t_counter_total{topic="a\\"b\\\\c\\nd"} 3`
    ])
    assert.include(yield* linesOf("t_gauge"), `${prefix}t_gauge 1.5`)
  }))

it.effect("histograms are cumulative and end with +Inf", () =>
  Effect.gen(function*() {
    const boundaries = MetricBoundaries.fromIterable([0.5, 1])
    const histogram = Metric.histogram(`${prefix}t_seconds`, boundaries, "time")
    for (const value of [0.5, 0.7, 9]) yield* Metric.update(histogram, value)
    assert.deepStrictEqual((yield* linesOf("t_seconds")).slice(2), [
      `${prefix}t_seconds_bucket{le="0.5"} 1`,
      `${prefix}t_seconds_bucket{le="1"} 2`,
      `${prefix}t_seconds_bucket{le="+Inf"} 3`,
      `${prefix}t_seconds_sum 10.2`,
      `${prefix}t_seconds_count 3`
    ])
  }))

it.effect("families stay together, in order, and only ours are shown", () =>
  Effect.gen(function*() {
    yield* Metric.increment(Metric.counter("effect_like_total"))
    yield* Metric.set(Metrics.topicUnarchivedSeconds("b"), 7)
    yield* Metric.set(Metrics.unarchivedSeconds, 7)
    const all = (yield* text).trimEnd().split("\n")
    assert.isTrue(all.every((line) => line.includes(prefix)))
    const names = all.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2])
    assert.deepStrictEqual(names, [...new Set(names)].sort())
    const rpo = yield* linesOf("unarchived_seconds")
    assert.strictEqual(rpo.length, 4)
    assert.includeMembers(rpo, [
      `${prefix}unarchived_seconds 7`,
      `${prefix}unarchived_seconds{topic="b"} 7`
    ])
  }))

it.effect("a metric with labels is made once per combination", () =>
  Effect.sync(() => {
    const one = Metrics.restorePartitionFileIndex("sha", "orders", 1)
    assert.strictEqual(Metrics.restorePartitionFileIndex("sha", "orders", 1), one)
    assert.notStrictEqual(Metrics.restorePartitionFileIndex("sha", "orders", 11), one)
  }))

it.effect("counters without labels are there before anything has happened", () =>
  Effect.gen(function*() {
    yield* Metrics.showAtZero
    assert.strictEqual((yield* linesOf("unexpected_leftover_files_total")).length, 3)
  }))

it.effect("durations are in seconds, of failures too", () =>
  Effect.gen(function*() {
    const histogram = Metric.histogram(
      `${prefix}t_timed_seconds`,
      MetricBoundaries.fromIterable([1, 60])
    )
    const work = Effect.zipRight(TestClock.adjust(Duration.seconds(30)), Effect.fail("late"))
    yield* Effect.ignore(Metrics.timed(histogram)(work))
    assert.include(yield* linesOf("t_timed_seconds"), `${prefix}t_timed_seconds_sum 30`)
  }))

it.effect("the series of several workers are told apart, each family is described once", () =>
  Effect.gen(function*() {
    yield* Metric.set(Metric.gauge(`${prefix}t_worker_gauge`, { description: "a gauge" }), 2)
    yield* Metric.increment(Metric.tagged(Metric.counter(`${prefix}t_worker_total`), "topic", "a"))
    const own = metricFamilies().filter(({ name }) => name.startsWith(`${prefix}t_worker`))
    const [first] = own
    assert.deepStrictEqual(
      prometheusText(familiesByWorker([own, [], first === undefined ? [] : [first]])).split("\n"),
      [
        `# HELP ${prefix}t_worker_gauge a gauge`,
        `# TYPE ${prefix}t_worker_gauge gauge`,
        `${prefix}t_worker_gauge{worker="1"} 2`,
        `${prefix}t_worker_gauge{worker="3"} 2`,
        `# HELP ${prefix}t_worker_total ${prefix}t_worker_total`,
        `# TYPE ${prefix}t_worker_total counter`,
        `${prefix}t_worker_total{worker="1",topic="a"} 1`,
        ""
      ]
    )
  }))
