import { spawn } from "node:child_process";

/**
 * Makes a device or fifo by mknod(1): Node has no call for it, and few trees have more than a handful.
 * @returns whether it worked; without privileges it does not.
 */
export function makeNode(
  file: Buffer,
  node: { readonly kind: "char" | "block" | "fifo"; readonly major?: number; readonly minor?: number },
): Promise<boolean> {
  const letter = { char: "c", block: "b", fifo: "p" }[node.kind];
  const numbers = node.kind === "fifo" ? [] : [String(node.major ?? 0), String(node.minor ?? 0)];
  return new Promise((resolve) => {
    // Arguments of processes are text: a name that is not UTF-8 would become another one.
    const name = file.toString("utf8");
    if (!Buffer.from(name, "utf8").equals(file)) return resolve(false);
    const child = spawn("mknod", ["--", name, letter, ...numbers], { stdio: "ignore" });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
  });
}
