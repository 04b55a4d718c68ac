import { expect, test } from "vitest";
import { EMPTY_REF, extendRef, type LayerId, type Ref } from "@slipway/engine-sdk";
import { chainIdentity, longChainDigest } from "./chain-identity.ts";

const ids = (count: number): LayerId[] => Array.from({ length: count }, (_, i) => `i-${i}` as LayerId);
const isVolatile = (id: LayerId): boolean => id.startsWith("v-");

test("chains that images may have are named layer by layer, as they always were", () => {
  for (const count of [1, 2, 127, 512]) {
    const layers = ids(count);
    expect(chainIdentity({ layers }, isVolatile)).toBe(`chain ${layers.join(",")}`);
  }
  expect(chainIdentity(EMPTY_REF, isVolatile)).toBe("chain ");
});

test("of a chain with a layer that does not last there is no name", () => {
  const volatile = [...ids(3), "v-1" as LayerId, ...ids(800)];
  expect(chainIdentity({ layers: volatile }, isVolatile)).toBeUndefined();
  expect(chainIdentity({ layers: volatile.slice(0, 4) }, isVolatile)).toBeUndefined();
  expect(chainIdentity({ layers: volatile.slice(0, 3) }, isVolatile)).toBe("chain i-0,i-1,i-2");
});

test("names and digests of 5,000 steps are short, each another one, and follow from the layers alone", () => {
  let ref: Ref = EMPTY_REF;
  let length = 0;
  let asked = 0;
  const names = new Set<string>();
  const digests = new Set<string>();
  const layers = ids(5000);
  for (const layer of layers) {
    ref = extendRef(ref, layer);
    const name = chainIdentity(ref, (id) => {
      asked++;
      return isVolatile(id);
    })!;
    length = Math.max(length, name.length);
    names.add(name);
    digests.add(longChainDigest(ref) ?? name);
  }
  expect(asked).toBe(5000);
  expect(length).toBeLessThan(512 * 10);
  expect(names.size).toBe(5000);
  expect(digests.size).toBe(5000);
  expect(chainIdentity({ layers }, isVolatile)).toBe(chainIdentity(ref, isVolatile));
  expect(longChainDigest({ layers })).toBe(longChainDigest(ref));
  expect(longChainDigest({ layers: [...layers.slice(1), layers[0]!] })).not.toBe(longChainDigest(ref));
});
