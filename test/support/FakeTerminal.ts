/** A terminal as far as the program uses one: what its screen shows after all that was written. */

export interface FakeTerminal {
  columns: number
  rows: number
  readonly isTTY: true
  readonly hasColors: () => boolean
  readonly write: (text: string) => void
  /** The whole screen, lines that have gone up out of sight included. */
  readonly screen: () => ReadonlyArray<string>
  /** Times that a line went over the right edge. */
  readonly broken: () => number
  /** Writes so far. */
  readonly writes: () => number
}

const escape = "\u001b"
/** Up, erase to the right, erase below, and colors; then one character. */
const part = new RegExp(`${escape}\\[(\\d*)([AKJm])|[^]`, "gu")

export const fakeTerminal = (
  size: { readonly columns: number; readonly rows: number },
  colors = false
): FakeTerminal => {
  let lines: Array<string> = [""]
  let row = 0
  let column = 0
  let broken = 0
  let writes = 0

  const down = () => {
    row++
    if (row === lines.length) lines.push("")
  }
  const current = () => lines[row] ?? ""
  const put = (character: string) => {
    if (column === terminal.columns) {
      broken++
      column = 0
      down()
    }
    const before = [...current().padEnd(column)]
    before[column] = character
    lines[row] = before.join("")
    column++
  }
  const control = (amount: string, what: string) => {
    if (what === "A") row = Math.max(0, row - Number(amount || 1))
    if (what === "K" || what === "J") lines[row] = [...current()].slice(0, column).join("")
    if (what === "J") lines = lines.slice(0, row + 1)
  }

  const terminal: FakeTerminal = {
    ...size,
    isTTY: true,
    hasColors: () => colors,
    write: (text) => {
      writes++
      for (const [character, amount = "", what] of text.matchAll(part)) {
        if (what !== undefined) control(amount, what)
        else if (character === "\r") column = 0
        else if (character === "\n") down()
        else put(character)
      }
    },
    screen: () => lines.map((line) => line.trimEnd()),
    broken: () => broken,
    writes: () => writes
  }
  return terminal
}
