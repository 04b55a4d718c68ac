import { describe, expect, test } from "vitest";
import type { HistoryEntry, ImageConfig } from "@slipway/oci";
import { ImageDraft } from "./image-draft.ts";

const base: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  author: "them",
  config: { Labels: { a: "1", b: "2" }, Env: ["X=1"], OnBuild: ["RUN x"] },
  history: [{ created_by: "base" }],
};

describe("drafts of stages over each other", () => {
  test("finish with all that the stages below did, in order, and without what they did since", () => {
    const one = new ImageDraft(base, undefined);
    one.setLabel("b", "3");
    one.commit("one");
    const two = one.fork(undefined);
    const side = one.fork(undefined);
    two.setLabel("c", "4");
    two.commit("two", { layer: true });
    const three = two.fork(undefined).fork(undefined);
    three.setLabel("a", "5");
    three.commit("three");
    side.setLabel("side", "x");
    const { config, history, author } = three.finish();
    expect(author).toBe("them");
    expect(config).toEqual({ Labels: { a: "5", b: "3", c: "4" }, Env: ["X=1"] });
    expect(Object.keys(config!.Labels!)).toEqual(["a", "b", "c"]);
    expect(history?.map((entry) => [entry.created_by, entry.empty_layer])).toEqual([
      ["base", undefined],
      ["one", true],
      ["two", undefined],
      ["three", true],
    ]);
    expect(side.finish().config?.Labels).toEqual({ a: "1", b: "3", side: "x" });
    expect(one.finish().config).toEqual({ ...base.config, Labels: { a: "1", b: "3" } });
  });

  test("take a label of the name __proto__ for one", () => {
    const draft = new ImageDraft(base, undefined).fork(undefined);
    draft.setLabel("__proto__", "x");
    expect(JSON.stringify(draft.finish().config?.Labels)).toBe('{"a":"1","b":"2","__proto__":"x"}');
  });

  test("look at history and labels once, when the last one is finished, and not at every stage", () => {
    let reads = 0;
    const counted = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(of, name, receiver) {
          reads++;
          return Reflect.get(of, name, receiver) as unknown;
        },
      });
    const history = Array.from({ length: 100 }, (_, i): HistoryEntry => ({ created_by: `step ${i}` }));
    const labels = Object.fromEntries(history.map((_, i) => [`label${i}`, String(i)]));
    let draft = new ImageDraft(
      { ...base, config: { Labels: counted(labels) }, history: counted(history) },
      undefined,
    );
    for (let i = 0; i < 500; i++) {
      draft = draft.fork(undefined);
      draft.setLabel(`own${i}`, "x");
      draft.commit(`LABEL own${i}=x`);
    }
    const finished = draft.finish();
    expect(finished.history).toHaveLength(600);
    expect(Object.keys(finished.config!.Labels!)).toHaveLength(600);
    expect(reads).toBeLessThan(2000);
  });
});
