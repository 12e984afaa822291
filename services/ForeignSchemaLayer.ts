/** Schema resolution by avsc, which is loaded at the first foreign schema. */
import { Effect, Layer } from "effect"
import { ForeignSchema } from "./ForeignSchema.ts"

const records = Effect.promise(() => import("./ForeignRecordsLayer.ts"))
const groups = Effect.promise(() => import("./ForeignGroupsLayer.ts"))

export const ForeignSchemaLayer: Layer.Layer<ForeignSchema> = Layer.succeed(ForeignSchema, {
  translator: (schema) => Effect.flatMap(records, ({ translator }) => translator(schema)),
  groupReader: (schema) => Effect.flatMap(groups, ({ groupReader }) => groupReader(schema))
})
