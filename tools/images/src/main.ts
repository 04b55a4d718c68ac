// Makes the base images and pushes them: node tools/images/src/main.ts --registry 127.0.0.1:5000 [--only busybox,node]
import { parseArgs } from "node:util";
import { BASE_IMAGE_NAMES, ensureBaseImage, pushBaseImage, type BaseImageName } from "./base-image.ts";

const { values } = parseArgs({
  options: { registry: { type: "string" }, only: { type: "string" }, help: { type: "boolean", short: "h" } },
});

if (values.help) {
  console.log(
    "usage: main.ts [--registry HOST:PORT] [--only busybox,debian,node]\nWithout --registry, images are made but not pushed.",
  );
} else {
  const names = values.only?.split(",") ?? BASE_IMAGE_NAMES;
  for (const name of names) {
    if (!isBaseImageName(name))
      throw new Error(`no base image is called ${name}; there are ${BASE_IMAGE_NAMES.join(", ")}`);
    const startedMs = performance.now();
    const where =
      values.registry === undefined
        ? await ensureBaseImage(name)
        : await pushBaseImage(name, values.registry);
    console.log(`${where} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  }
}

function isBaseImageName(name: string): name is BaseImageName {
  return (BASE_IMAGE_NAMES as readonly string[]).includes(name);
}
