import { expect, test } from "vitest";
import { createVertex, CUSTOM_NAME, vertexName } from "./index.ts";

test.each([
  ["ADD https://me:s3cret@host/a.tar /a", "ADD https://me:xxxxx@host/a.tar /a"],
  ["ADD git://me:a@h/x http://:b@h/y /a", "ADD git://me:xxxxx@h/x http://:xxxxx@h/y /a"],
  ["RUN curl http://host:80/a@b", "RUN curl http://host:80/a@b"],
  ["RUN echo a:b@c", "RUN echo a:b@c"],
])("%j is called %j: names hold no passwords of URLs", (name, expected) => {
  const op = { kind: "source", identifier: "local://a", attrs: {} } as const;
  const metadata = { description: { [CUSTOM_NAME]: name } };
  expect(vertexName(createVertex({ op, metadata }))).toBe(expected);
});

test("long names take no longer than they are long", () => {
  const op = { kind: "source", identifier: "local://a", attrs: {} } as const;
  for (const name of ["a".repeat(1e6), "a://".repeat(250_000), `http://${"a:".repeat(500_000)}`]) {
    const metadata = { description: { [CUSTOM_NAME]: name } };
    expect(vertexName(createVertex({ op, metadata }))).toBe(name);
  }
});
