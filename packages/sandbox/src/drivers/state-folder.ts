import { mkdirSync } from "node:fs";
import path from "node:path";

/** What the sandbox keeps on disk: empty folders to mount on, and caches. Any number of processes share it. */
export interface StateFolder {
  readonly mountPoint: string;
  readonly scratch: string;
  readonly skeleton: string;
  /** Where an OCI runtime's bundle and state are, on a tmpfs of the sandbox's own. */
  readonly bundle: string;
  /** Node's compile cache: it halves the start of a stub, or quarters it when sources are stripped of types. */
  readonly compileCache: string;
}

/** Makes the folders below `stateDir` where they are missing. */
export function openStateFolder(stateDir: string): StateFolder {
  const at = (name: string): string => path.join(path.resolve(stateDir), name);
  const folder = {
    mountPoint: at("root"),
    scratch: at("scratch"),
    skeleton: at("skeleton"),
    bundle: at("bundle"),
    compileCache: at("compile-cache"),
  };
  const { mountPoint, scratch, skeleton, bundle } = folder;
  for (const name of [
    mountPoint,
    scratch,
    bundle,
    ...["proc", "dev", "sys"].map((name) => path.join(skeleton, name)),
  ]) {
    mkdirSync(name, { recursive: true, mode: 0o755 });
  }
  return folder;
}
