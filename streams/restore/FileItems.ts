/**
 * What flows from the archive files of one target partition to its producer. Everything keeps its
 * place in line, failures too: what comes before them is still carried out.
 */
import type { Fiber } from "effect"
import { Effect } from "effect"
import type { AssembledBatch } from "../../src/codec/BatchAssembler.ts"
import type { CodecError } from "../../src/codec/CodecError.ts"
import type { Compression } from "../../src/codec/Compression.ts"
import type { ReadableLayout } from "../../src/codec/RecordCursor.ts"
import type { PlannedFile } from "../../src/domain/Plan.ts"
import type { ByteBudget } from "../ByteBudget.ts"
import type { RestoreFailure } from "./Outcome.ts"

/** The whole file has been handed on. `skipped`: it held nothing new. */
export interface FileEnd {
  readonly kind: "end"
  readonly file: PlannedFile
  readonly skipped: boolean
}

/** Nothing comes after it: with a failure, or because there is no more to do for now. */
export interface Stop {
  readonly kind: "stop"
  readonly failure: RestoreFailure | undefined
}

export interface DecodedBlock {
  readonly recordCount: number
  readonly bytes: Buffer
  /** Not a view of the file's bytes. */
  readonly isOwn: boolean
  readonly layout: ReadableLayout
}

/** Blocks up to one that could not be decoded, which ends the file. */
export interface DecodedBlocks {
  readonly blocks: ReadonlyArray<DecodedBlock>
  readonly failure: CodecError | undefined
}

export type FileItem =
  | {
    readonly kind: "blocks"
    readonly file: PlannedFile
    /** Their bytes are in the budget until they have been used. */
    readonly decoded: Fiber.Fiber<DecodedBlocks>
  }
  | FileEnd
  | Stop

export interface Section {
  readonly bytes: Buffer
  readonly compression: Compression
}

/** What is known of a batch, without its bytes. */
export type BatchFacts = Omit<AssembledBatch, "records">

export interface BatchToSend {
  readonly kind: "batch"
  readonly file: PlannedFile
  readonly batch: BatchFacts
  /** Its bytes are in the budget until the batch is acknowledged. */
  readonly section: Fiber.Fiber<Section, CodecError>
}

export type OutItem = BatchToSend | FileEnd | Stop

/** A share of a budget that is given back whole when its scope ends. */
export interface BudgetShare {
  /** Waits for room, then takes so many bytes. */
  readonly take: (bytes: number) => Effect.Effect<void>
  /** Takes, or gives back with a negative number, without waiting. */
  readonly adjust: (bytes: number) => void
}

export const shareOf = (budget: ByteBudget) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      let held = 0
      const adjust = (bytes: number) => {
        held += bytes
        if (bytes >= 0) budget.add(bytes)
        else budget.remove(-bytes)
      }
      return {
        adjust,
        take: (bytes: number) => Effect.map(budget.room, () => adjust(bytes)),
        rest: () => held
      }
    }),
    (share) => Effect.sync(() => share.adjust(-share.rest()))
  )
