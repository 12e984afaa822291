/** Finds places of a bundle in its source map's `mappings` (ECMA-426, revision 3 of the format). */

/** Both from 0. */
export interface GeneratedPlace {
  readonly line: number
  readonly column: number
}

export interface OriginalPlace {
  /** Index into the map's `sources`. */
  readonly source: number
  /** From 0. */
  readonly line: number
}

const comma = 0x2c
const semicolon = 0x3b
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const digits = new Uint8Array(128)
for (let digit = 0; digit < alphabet.length; digit++) digits[alphabet.charCodeAt(digit)] = digit

/** Indexes of the places on each line. */
const byLine = (places: ReadonlyArray<GeneratedPlace>): ReadonlyMap<number, Array<number>> => {
  const lines = new Map<number, Array<number>>()
  places.forEach(({ line }, index) => {
    const there = lines.get(line)
    if (there === undefined) lines.set(line, [index])
    else there.push(index)
  })
  return lines
}

/**
 * The original of each place: that of the last segment of its line that begins at or before it,
 * else of the line's first. `undefined` where the line has no original. Reads the text once and
 * keeps nothing but the answers, as the table of a large map takes tens of megabytes.
 */
export const originals = (
  mappings: string,
  places: ReadonlyArray<GeneratedPlace>
): ReadonlyArray<OriginalPlace | undefined> => {
  const found: Array<OriginalPlace | undefined> = places.map(() => undefined)
  const lines = byLine(places)
  let wanted = lines.get(0)
  let generatedLine = 0
  let at = 0
  const number = (): number => {
    let value = 0
    let shift = 0
    for (;;) {
      const digit = digits[mappings.charCodeAt(at++)] ?? 0
      value |= (digit & 31) << shift
      if (digit < 32) return (value & 1) === 1 ? -(value >>> 1) : value >>> 1
      shift += 5
    }
  }
  const more = (): boolean => {
    const next = mappings.charCodeAt(at)
    return at < mappings.length && next !== comma && next !== semicolon
  }
  let column = 0
  let source = 0
  let line = 0
  while (at < mappings.length) {
    const next = mappings.charCodeAt(at)
    if (next === comma) at += 1
    else if (next === semicolon) {
      at += 1
      generatedLine += 1
      column = 0
      wanted = lines.get(generatedLine)
    } else {
      column += number()
      const mapped = more()
      if (mapped) {
        source += number()
        line += number()
        // The original column and name are not needed, but their numbers have to be read over.
        while (more()) number()
      }
      for (const index of wanted ?? []) {
        const place = places[index]
        if (place === undefined || (found[index] !== undefined && place.column < column)) continue
        found[index] = mapped ? { source, line } : undefined
      }
    }
  }
  return found
}
