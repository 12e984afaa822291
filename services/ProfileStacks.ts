/** Call stacks with what was measured in them, before they get the form of a profile file. */

/** A function as the place of a call in a tree of calls. */
export interface StackNode {
  /** As V8 has it; empty for a function without a name. */
  readonly functionName: string
  /** Of the script; empty for what is no script, such as the garbage collector. */
  readonly url: string
  /** Of the function's beginning in that script, from 1. */
  readonly line: number
  /** From 0. */
  readonly column: number
  /** Index of the caller. */
  readonly parent: number | undefined
}

export interface Measured {
  /** Index of the function that was at work. */
  readonly node: number
  /** Where in it, as a line of the script from 1; `undefined` where V8 does not say. */
  readonly line: number | undefined
  readonly values: ReadonlyArray<number>
}

export interface Stacks {
  readonly nodes: ReadonlyArray<StackNode>
  readonly measured: ReadonlyArray<Measured>
}
