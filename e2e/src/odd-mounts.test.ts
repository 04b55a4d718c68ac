import { afterAll, describe, expect, test } from "vitest";
import { requires, temporaryFolder } from "@slipway/testing";
import { slipway, type SlipwayResult } from "./harness/slipway.ts";
import { BUSYBOX, FROM_TOOLS, toolsContext } from "./harness/tools-image.ts";

// Mounts that get in each other's way, or in that of what every step finds in /etc and /dev.

requires({ root: true, paths: [BUSYBOX], anyCommandOf: [["crun", "runc"]] }).describe("mounts of RUN", () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());
  let count = 0;

  function build(driver: string, ...lines: string[]): Promise<SlipwayResult> {
    const context = toolsContext(folder.join(`context-${++count}`), {
      dockerfile: `${FROM_TOOLS}${lines.join("\n")}\n`,
    });
    return slipway(["build", "--progress=plain", "--no-cache", context], {
      root: folder.join(`store-${driver}`),
      env: { SLIPWAY_SANDBOX: driver },
    });
  }

  function said(result: SlipwayResult): string[] {
    return [...result.stderr.matchAll(/^#\d+ [\d.]+ (.*)$/gm)].map((match) => match[1]!);
  }

  const cache = (id: string, target: string, sharing: string): string =>
    `--mount=type=cache,id=${id},target=${target},sharing=${sharing}`;

  test.each([
    ["locked", "locked"],
    ["private", "private"],
    ["private", "locked"],
    ["shared", "locked"],
  ])("of one cache at two places, %s and %s, are one folder", async (first, second) => {
    const id = `${first}-${second}`;
    const mounts = `${cache(id, "/a", first)} ${cache(id, "/b", second)}`;
    const result = await build("namespaces", `RUN ${mounts} echo here > /a/f; cat /b/f`);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    expect(said(result)).toEqual(["here"]);
  });

  test("of locked caches that steps name in different orders let all of them end", async () => {
    const stages = [0, 1, 2, 3].map((n) => {
      const mounts = [cache("one", "/a", "locked"), cache("two", "/b", "locked")];
      return `FROM tools AS s${n}\nRUN ${(n % 2 === 0 ? mounts : mounts.reverse()).join(" ")} echo ${n} > /done`;
    });
    const copies = [0, 1, 2, 3].map((n) => `COPY --from=s${n} /done /${n}`);
    const result = await build("namespaces", "FROM tools AS tools2", ...stages, "FROM scratch", ...copies);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  });

  describe.each(["namespaces", "oci"])("in the sandbox %s", (driver) => {
    test("over /etc hide the files that every step gets there", async () => {
      const result = await build(
        driver,
        "FROM scratch AS etc",
        "COPY --from=tools /bin/busybox /files/own",
        "FROM tools",
        "RUN --mount=type=bind,from=etc,source=/files,target=/etc ls /etc",
        "RUN --mount=type=tmpfs,target=/etc ls /etc; echo none",
      );
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expect(said(result)).toEqual(["own", "none"]);
    });

    test("over /dev are refused, and do not touch the layer that they would show", async () => {
      const stage = ["FROM scratch AS devices", "COPY --from=tools /bin/busybox /files/null", "FROM tools"];
      const refused = await build(
        driver,
        ...stage,
        "RUN --mount=type=bind,from=devices,source=/files,target=/dev true",
      );
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain("a bind mount at /dev would hide the devices");
      const result = await build(
        driver,
        ...stage,
        "RUN --mount=type=bind,from=devices,source=/files,target=/mnt ls /mnt",
        "RUN --mount=type=tmpfs,target=/dev test -c /dev/null && echo null",
      );
      expect(result, result.stderr).toMatchObject({ code: 0 });
      expect(said(result)).toEqual(["null", "null"]);
    });
  });
});
