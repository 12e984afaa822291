import { assert, it } from "@effect/vitest"
import { parseGoBoolean } from "../../src/domain/GoBoolean.ts"

it("reads booleans as Go does", () => {
  for (const text of ["1", "t", "T", "TRUE", "true", "True"]) assert.isTrue(parseGoBoolean(text))
  for (const text of ["0", "f", "F", "FALSE", "false", "False"]) {
    assert.isFalse(parseGoBoolean(text))
  }
  for (const text of ["", "yes", "tRUE", "on", "2"]) assert.isUndefined(parseGoBoolean(text))
})
