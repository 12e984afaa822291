/** What a program says in its log, in place of printing it. */
import { Context, Effect, Layer, Logger } from "effect"

export interface Line {
  readonly level: string
  readonly message: string
}

/** Everything logged from INFO on. */
export class Said extends Context.Tag("test/Said")<Said, Array<Line>>() {}

const listening = Layer.unwrapEffect(Effect.map(Said, (said) =>
  Logger.add(
    Logger.make(({ logLevel, message }) => {
      const text = Array.isArray(message) ? message.join(" ") : String(message)
      said.push({ level: logLevel.label, message: text })
    })
  )))

export const SaidLayer = Layer.mergeAll(listening, Logger.remove(Logger.defaultLogger)).pipe(
  Layer.provideMerge(Layer.sync(Said, () => new Array<Line>()))
)
