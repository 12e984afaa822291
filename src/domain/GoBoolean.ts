/** Booleans as Go's `strconv.ParseBool` reads them. */

const truths: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"])
const falsehoods: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"])

/** `undefined` when the text is not a boolean. */
export const parseGoBoolean = (text: string): boolean | undefined =>
  truths.has(text) ? true : falsehoods.has(text) ? false : undefined
