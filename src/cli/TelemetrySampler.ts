/** `OTEL_TRACES_SAMPLER` and its argument. */
import type { Sampler } from "../../services/Telemetry.ts"
import type { Variables } from "./TelemetryVariables.ts"

const variable = "OTEL_TRACES_SAMPLER"
const argument = "OTEL_TRACES_SAMPLER_ARG"

const kinds = ["always_on", "always_off", "traceidratio"] as const
const parentBased = [
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio"
] as const

/** The sampler asked for; every trace, if none is or if it is not known. */
export const samplerOf = (variables: Variables): Sampler => {
  const name = variables.choice(variable, [...kinds, ...parentBased], "parentbased_always_on")
  const ratio = name.endsWith("always_off")
    ? 0
    : name.endsWith("traceidratio")
    ? variables.ratio(argument, 1)
    : 1
  return { ratio, parentBased: name.startsWith("parentbased_") }
}
