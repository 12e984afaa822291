/** Events of a web shop as JSON, about as large and as repetitive as those of a real one. */
import type { Random } from "./Random.ts"

const firstNames = ["Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Radia", "Ken"] as const
const lastNames = ["Okafor", "Lindqvist", "García", "Nowak", "Tanaka", "Weber", "Rossi"] as const
const streets = [
  "High Street",
  "Station Road",
  "Mill Lane",
  "Church Street",
  "Park Avenue"
] as const
const cities = ["Leeds", "Porto", "Gdańsk", "Utrecht", "Lyon", "Graz", "Aarhus"] as const
const products = [
  "Espresso machine, 15 bar",
  "Wool blanket 140x200",
  "LED desk lamp with dimmer",
  "Running shoes, size 42",
  "Cast iron pan 28 cm",
  "Noise-cancelling headphones",
  "Mechanical keyboard, ISO"
] as const
const methods = ["card", "transfer", "wallet", "invoice"] as const

const money = (random: Random, below: number): string =>
  `${random.integer(below)}.${String(random.integer(100)).padStart(2, "0")}`

const address = (random: Random) => ({
  name: `${random.pick(firstNames)} ${random.pick(lastNames)}`,
  email: `user.${random.hex(6)}@mail.example.org`,
  street: `${random.integer(200) + 1} ${random.pick(streets)}`,
  city: random.pick(cities),
  postcode: String(10_000 + random.integer(89_999))
})

const item = (random: Random) => ({
  sku: `SKU-${random.hex(10).toUpperCase()}`,
  title: random.pick(products),
  quantity: random.integer(4) + 1,
  unitPrice: money(random, 300),
  taxRate: "0.20"
})

/** About 800 bytes. */
export const orderEvent = (random: Random, number: number, time: number): string =>
  JSON.stringify({
    eventType: "OrderPlaced",
    eventId: `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${
      random.hex(12)
    }`,
    occurredAt: new Date(time).toISOString(),
    orderNumber: `ORD-${String(number).padStart(9, "0")}`,
    customerId: `C-${random.hex(8)}`,
    currency: "EUR",
    total: money(random, 1500),
    shipping: address(random),
    items: [item(random), item(random), item(random)],
    session: random.hex(32),
    source: { app: "web-checkout", version: "7.41.2", host: `checkout-${random.integer(12)}` }
  })

/** About 250 bytes. */
export const paymentEvent = (random: Random, number: number, time: number): string =>
  JSON.stringify({
    eventType: "PaymentCaptured",
    paymentId: `P-${random.hex(16)}`,
    orderNumber: `ORD-${String(number).padStart(9, "0")}`,
    capturedAt: new Date(time).toISOString(),
    method: random.pick(methods),
    amount: money(random, 1500),
    authorisation: random.hex(24)
  })

/** About 200 bytes. */
export const customerState = (random: Random, id: string, version: number): string =>
  JSON.stringify({
    customerId: id,
    version,
    address: address(random),
    newsletter: random.integer(2) === 0,
    loyaltyPoints: random.integer(10_000)
  })
