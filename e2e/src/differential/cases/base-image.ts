import type { DifferentialCase } from "../differential-case.ts";
import type { LayerEntry, OddImage } from "../push-image.ts";

const LAYER: readonly LayerEntry[] = [
  { name: "etc/", type: "directory" },
  { name: "etc/x", content: "x" },
];

function image(name: string, odd: OddImage, dockerfile = "FROM $IMAGE\nCOPY q /q\n"): DifferentialCase {
  return { name, image: odd, dockerfile, files: { q: "q" } };
}

function config(name: string, value: unknown, dockerfile?: string): DifferentialCase {
  return image(name, { layers: [LAYER], config: value }, dockerfile);
}

const folder = (name: string, mode: number, uid = 0): LayerEntry => ({ name, type: "directory", mode, uid });

const WITHOUT_PARENTS: OddImage = {
  layers: [
    [folder("t/", 0o1777), folder("t/s/", 0o700, 5), folder("r/", 0o700)],
    [
      { name: "t/s/x", content: "x" },
      { name: "new/deep/y", content: "y" },
    ],
    [{ name: "t/z", content: "z" }],
  ],
};

/** What an image looks like to a step. */
const seen = (name: string, ...layers: OddImage["layers"]): DifferentialCase =>
  image(
    name,
    { layers, config: {} },
    "FROM $BASE\nRUN --mount=from=$IMAGE,target=/m cp -a /m /r && cd /m && find . -type f | sort | xargs -r stat -c '%n %h' > /links\n",
  );
const link = (name: string, linkname: string): LayerEntry => ({ name, type: "symlink", linkname });
const further = (name: string, linkname: string, more: LayerEntry = { name }): LayerEntry => ({
  ...more,
  name,
  type: "link",
  linkname,
});

/** Images that other tools made: odd configs, odd layers. */
export const BASE_IMAGE_CASES: readonly DifferentialCase[] = [
  config("no config", undefined),
  config("a config of null", null),
  config("members of null", {
    ...{ Env: null, ExposedPorts: null, Volumes: null, Labels: null, OnBuild: null, Cmd: null },
    ...{ Entrypoint: null, Healthcheck: null, User: "", WorkingDir: "" },
  }),
  config("empty members", { Cmd: [], Entrypoint: [], Labels: {}, Shell: [], Healthcheck: { Test: null } }),
  config("variables without a value", { Env: ["A", "B=", "=c", "", "A=2", "PATH"] }),
  config("a variable without a value, used", { Env: ["A", "B="] }, "FROM $IMAGE\nENV C=$A-$B\nCOPY q /q\n"),
  config(
    "odd ports and volumes",
    { ExposedPorts: { "80": {}, "81/udp": {}, "": {}, x: null }, Volumes: { rel: {}, "": {}, "/v": null } },
    "FROM $IMAGE\nEXPOSE 90\nVOLUME /w\nCOPY q /q\n",
  ),
  config("an untidy folder", { WorkingDir: "/a/../b/" }, "FROM $IMAGE\nCOPY q r\nWORKDIR c\nCOPY q s\n"),
  config("the folder is a dot", { WorkingDir: "." }, "FROM $IMAGE\nCOPY q r\n"),
  config("an unknown user", { User: "nobody" }, "FROM $IMAGE\nWORKDIR /w\nCOPY q /w/q\n"),
  config("a numeric user", { User: "1000:5" }, "FROM $IMAGE\nWORKDIR /w\nCOPY q /w/q\n"),
  config("triggers", {
    OnBuild: ["MAINTAINER me", "  copy q /t", "ARG Z=1", "ENV Y=$Z", "COPY <<E /h\nabc\nE"],
  }),
  config("a trigger that is a trigger", { OnBuild: ["ONBUILD COPY q /t"] }),
  { ...config("a trigger that is empty", { OnBuild: [""] }), fails: true },
  { ...config("a trigger of two", { OnBuild: ["COPY q /t\nCOPY q /u"] }), fails: true },
  image("no time", { layers: [LAYER], config: {}, more: { created: null } }),
  image("more history than layers", {
    layers: [LAYER],
    config: {},
    more: { history: [{ created_by: "a" }, { created_by: "b" }, { empty_layer: true }] },
  }),
  image("Docker's manifest", { layers: [LAYER], docker: true }),
  image(
    "zstd",
    { layers: [LAYER], compression: "zstd" },
    "FROM $IMAGE AS a\nFROM scratch\nCOPY --from=a /etc /e\n",
  ),
  image("no compression", { layers: [LAYER], compression: "none" }),
  image("empty layers", { layers: [[], LAYER, []] }),
  image("the same layer twice", { layers: [LAYER, LAYER] }),
  image("no layers", { layers: [] }),
  image(
    "layers that leave out folders",
    WITHOUT_PARENTS,
    "FROM $IMAGE AS a\nFROM scratch\nCOPY --from=a / /\n",
  ),
  image(
    "RUN over layers that leave out folders",
    WITHOUT_PARENTS,
    [
      "FROM $BASE AS b",
      "RUN mkdir /m && mkdir /m/dev /m/proc /m/sys",
      "FROM $IMAGE",
      "COPY --from=b /bin /bin",
      "COPY --from=b /m /",
      "RUN for d in /t /t/s /r /new; do echo > $d/made; done; stat -c '%n %a %u' /t /t/s /r /new /new/deep > /stat",
      "",
    ].join("\n"),
  ),
  seen("links of AUFS", [
    { name: ".wh..wh.aufs", content: "" },
    folder(".wh..wh.plnk/", 0o700),
    { name: ".wh..wh.plnk/1.2", content: "x" },
    further("a", ".wh..wh.plnk/1.2"),
    folder(".wh..wh.orph/", 0o700),
  ]),
  seen("names through the layer's own links", [
    folder("usr/", 0o755),
    link("lib", "usr/lib"),
    { name: "lib/x", content: "x" },
    link("l", "/lib"),
    { name: "l/sub/y", content: "y" },
    further("h", "l/x"),
  ]),
  seen(
    "names through a link of a layer below",
    [folder("d/", 0o755), link("l", "d")],
    [{ name: "l/x", content: "x" }],
  ),
  seen("a further name with another mode and owner", [
    { name: "a", content: "x", mode: 0o600, uid: 5 },
    further("b", "a", { name: "b", mode: 0o755, uid: 7 }),
  ]),
  seen("a root of its own", [folder("./", 0o700, 3), { name: "a", content: "x" }]),
];
