import {
  INSTRUCTION_FLAGS,
  INSTRUCTIONS,
  MOUNT_KEYS,
  MOUNT_TYPES,
} from "@slipway/frontend-dockerfile/language";
import { describe, expect, test } from "vitest";
import {
  flagDocumentation,
  INSTRUCTION_DOCUMENTATION,
  instructionDocumentation,
} from "./all-instructions.ts";
import { DIRECTIVE_DOCUMENTATION } from "./directives.ts";
import { MOUNT_KEY_DOCUMENTATION, mountKeyDocumentation, mountTypeDocumentation } from "./mounts.ts";
import { PREDEFINED_ARGS } from "./predefined-args.ts";

const flags = Object.entries(INSTRUCTION_FLAGS).flatMap(([instruction, kinds]) =>
  Object.keys(kinds).map((name) => [instruction, name] as const),
);

describe("everything that the checker knows is documented", () => {
  test.each(INSTRUCTIONS)("%s", (name) => {
    const found = instructionDocumentation(name);
    expect(found).toMatchObject({
      name,
      summary: expect.stringMatching(/^\S.{20,}\.$/s),
      example: expect.stringContaining(name === "MAINTAINER" ? "LABEL" : name),
      url: expect.stringMatching(/^https:\/\/docs\.docker\.com\/reference\/dockerfile\/#/),
    });
    for (const form of found!.syntax) expect(form).toMatch(new RegExp(`^${name} `));
  });

  test.each(flags)("%s --%s", (instruction, name) => {
    expect(flagDocumentation(instruction, name)).toMatchObject({
      summary: expect.stringMatching(/^\S.{10,}\.$/s),
      example: expect.stringContaining(`--${name}`),
    });
  });

  test.each([...MOUNT_KEYS])("the key %s of --mount", (key) => {
    expect(mountKeyDocumentation(key)?.summary).toMatch(/\.$/);
  });

  test.each([...MOUNT_TYPES])("mounts of type %s", (type) => {
    expect(mountTypeDocumentation(type)?.example).toContain(`type=${type}`);
  });
});

test("nothing is documented that the checker does not know", () => {
  expect(INSTRUCTION_DOCUMENTATION.map(({ name }) => name)).toEqual([...INSTRUCTIONS]);
  const documented = INSTRUCTION_DOCUMENTATION.flatMap((instruction) =>
    instruction.flags.map(({ name }) => `${instruction.name.toLowerCase()} --${name}`),
  );
  expect(documented.toSorted()).toEqual(
    flags.map(([instruction, name]) => `${instruction} --${name}`).toSorted(),
  );
  const keys = MOUNT_KEY_DOCUMENTATION.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(keys.toSorted()).toEqual([...MOUNT_KEYS].toSorted());
});

test("directives and predefined arguments are there once each", () => {
  expect(DIRECTIVE_DOCUMENTATION.map(({ name }) => name)).toEqual(["syntax", "escape", "check", "slipway"]);
  const names = PREDEFINED_ARGS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(
    expect.arrayContaining(["TARGETPLATFORM", "BUILDARCH", "https_proxy", "SOURCE_DATE_EPOCH"]),
  );
});
