/** Random numbers that are the same in every run. */

export interface Random {
  /** From 0 up to and without `below`. */
  readonly integer: (below: number) => number
  readonly pick: <A>(items: readonly [A, ...ReadonlyArray<A>]) => A
  /** Lower-case hex digits. */
  readonly hex: (digits: number) => string
}

/** mulberry32: small, fast and good enough for test data. */
export const makeRandom = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const integer = (below: number): number => next() % below
  return {
    integer,
    pick: (items) => items[integer(items.length)] ?? items[0],
    hex: (digits) => {
      let text = ""
      while (text.length < digits) text += next().toString(16).padStart(8, "0")
      return text.slice(0, digits)
    }
  }
}
