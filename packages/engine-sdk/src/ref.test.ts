import { expect, test } from "vitest";
import { chainOf, EMPTY_REF, extendRef, refOf, type LayerId, type Ref } from "./ref.ts";

const ids = (count: number): LayerId[] => Array.from({ length: count }, (_, i) => `layer-${i}` as LayerId);
const built = (layers: readonly LayerId[]): Ref => layers.reduce(extendRef, EMPTY_REF);

test.each([0, 1, 64, 65, 1000])("a ref of %d layers is the same however it was made", (count) => {
  const layers = ids(count);
  const ref = built(layers);
  expect(ref).toEqual({ layers });
  expect(JSON.parse(JSON.stringify(ref))).toEqual({ layers });
  expect(refOf(chainOf({ layers }))).toEqual(ref);
  expect(chainOf(ref)?.length ?? 0).toBe(count);
});

test("refs that are made from each other share their links", () => {
  const base = built(ids(100));
  const [one, two] = [extendRef(base, "one" as LayerId), extendRef(base, "two" as LayerId)];
  expect(chainOf(one)!.below).toBe(chainOf(base));
  expect(chainOf(two)!.below).toBe(chainOf(base));
  expect(base.layers).toHaveLength(100);
  expect(two.layers.at(-1)).toBe("two");
});

test("100,000 layers need no stack", () => {
  expect(built(ids(100_000)).layers.at(-1)).toBe("layer-99999");
});
