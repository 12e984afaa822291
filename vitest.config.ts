import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/globalStack.ts"],
    reporters: ["default", "./dev/ci/SummaryReporter.ts"],
    // Two cores run a broker, an S3 server and the programs under test.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 300_000
  }
})
