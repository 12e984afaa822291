/** Flush requests without a signal or a server: a test asks with `FlushRequests.request`. */
import { FlushRequestsLayer } from "../../services/FlushRequestsLayer.ts"

export const layer = FlushRequestsLayer(() => () => undefined)
