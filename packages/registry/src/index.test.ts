import { expect, it } from "vitest";
import * as registry from "./index.ts";

it("exports exactly these names", () => {
  expect(Object.keys(registry).sort()).toEqual([
    "anonymousCredentials",
    "apiHost",
    "choosePlatform",
    "compatiblePlatforms",
    "createRegistryClient",
    "dockerCredentials",
    "firstCredentials",
    "isLoopbackHost",
    "staticCredentials",
  ]);
});
