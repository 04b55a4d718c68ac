import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { csvFields } from "./csv-fields.ts";
import { parseOutputSpec } from "./output-spec.ts";

describe("--output", () => {
  test.each([
    ["type=oci,dest=out.tar", { type: "oci", attrs: { dest: "out.tar" } }],
    ["out/folder", { type: "local", attrs: { dest: "out/folder" } }],
    ["-", { type: "tar", attrs: { dest: "-" } }],
    ["type=tar", { type: "tar", attrs: { dest: "-" } }],
    ["type=oci", { type: "oci", attrs: { dest: "-" } }],
    ["type=docker", { type: "docker", attrs: {} }],
    ["type=registry,name=host/app", { type: "image", attrs: { name: "host/app", push: "true" } }],
    ["type=registry,push=false", { type: "image", attrs: { push: "false" } }],
    ['type=image,"name=a,b",push=true', { type: "image", attrs: { name: "a,b", push: "true" } }],
    ["type=local,dest=a=b", { type: "local", attrs: { dest: "a=b" } }],
    ["Type=oci,DEST=Out.tar", { type: "oci", attrs: { dest: "Out.tar" } }],
    ["a=b,type=local,dest=x", { type: "local", attrs: { a: "b", dest: "x" } }],
  ])("%s is understood as docker buildx does", (text, expected) => {
    expect(parseOutputSpec(text)).toEqual(expected);
  });

  test.each([
    ["", "empty"],
    ["dest=x,name=y", "no type"],
    ["type=oci,dest", "key=value"],
    ["type=nonsense,dest=x", 'no type "nonsense"'],
    ["type=local", "no dest"],
    ["type=oci,dest=a,dest=b", "twice"],
    ['type=oci,"dest=a', "not closed"],
    ['type=oci,"dest=a"b', "too early"],
    ['type=oci,dest="a"', "middle"],
  ])("%s is an error of usage", (text, message) => {
    expect(() => parseOutputSpec(text)).toThrow(
      expect.objectContaining({ code: "USAGE", message: expect.stringContaining(message) }),
    );
  });

  test("fields that are quoted come back as they were", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
        const line = fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",");
        expect(csvFields(line, "--output")).toEqual(fields);
      }),
    );
  });
});
