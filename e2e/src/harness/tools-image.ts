import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Where Debian's busybox-static puts its program. */
export const BUSYBOX = "/bin/busybox";

/**
 * A build context whose `rootfs` folder is a small base: busybox as the shell, and programs of this machine with the
 * libraries that they need. A Dockerfile begins with {@link FROM_TOOLS}.
 */
export function toolsContext(
  folder: string,
  options: { readonly dockerfile: string; readonly programs?: readonly string[] },
): string {
  const rootfs = path.join(folder, "rootfs");
  mkdirSync(path.join(rootfs, "bin"), { recursive: true });
  copyFileSync(BUSYBOX, path.join(rootfs, "bin/busybox"));
  for (const name of "sh cat stat env ls grep sleep chmod id touch head tail wc mkdir mount mknod test sed df".split(
    " ",
  ))
    symlinkSync("busybox", path.join(rootfs, "bin", name));
  mkdirSync(path.join(rootfs, "etc"));
  writeFileSync(path.join(rootfs, "etc/passwd"), "root:x:0:0::/:/bin/sh\n");
  for (const program of options.programs ?? []) {
    copyFileSync(program, path.join(rootfs, "bin", path.basename(program)));
    const libraries = execFileSync("ldd", [program], { encoding: "utf8" });
    for (const [library] of libraries.matchAll(/\/\S+/g)) {
      mkdirSync(path.join(rootfs, path.dirname(library)), { recursive: true });
      copyFileSync(library, path.join(rootfs, library));
    }
  }
  writeFileSync(path.join(folder, "Dockerfile"), options.dockerfile);
  return folder;
}

export const FROM_TOOLS = "FROM scratch AS tools\nCOPY rootfs /\nENV PATH=/bin\nFROM tools\n";
