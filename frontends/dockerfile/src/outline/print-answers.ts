import type { Outline, TargetList } from "./subrequest-results.ts";
import { alignTabs } from "./tab-table.ts";

/** A table under a heading, and an empty line. */
function table(rows: readonly (readonly (string | undefined)[])[]): string {
  return `${alignTabs(rows.map((row) => `${row.map((cell) => cell ?? "").join("\t")}\n`).join(""), 3)}\n`;
}

/** An outline as BuildKit prints it, and the caches, which BuildKit does not know of. */
export function printOutline({ name, description, args, secrets, ssh, cache }: Outline): string {
  const parts: string[] = [];
  if (name !== undefined || description !== undefined) {
    const rows = [
      ...(name === undefined ? [] : [`TARGET:\t${name}\n`]),
      ...(description === undefined ? [] : [`DESCRIPTION:\t${description}\n`]),
    ];
    parts.push(`${alignTabs(rows.join(""), 1)}\n`);
  }
  if (args !== undefined) {
    parts.push(
      table([
        ["BUILD ARG", "VALUE", "DESCRIPTION"],
        ...args.map((arg) => [arg.name, arg.value, arg.description]),
      ]),
    );
  }
  for (const [heading, list] of [
    ["SECRET", secrets],
    ["SSH", ssh],
  ] as const) {
    if (list === undefined) continue;
    parts.push(
      table([[heading, "REQUIRED"], ...list.map(({ name: id, required }) => [id, required && "true"])]),
    );
  }
  if (cache !== undefined) parts.push(table([["CACHE MOUNT"], ...cache.map(({ ID }) => [ID])]));
  return parts.join("");
}

/** A list of targets as BuildKit prints it. */
export function printTargets({ targets }: TargetList): string {
  const rows = targets.map((target) => {
    const name = [target.name, target.default && "(default)"].filter(Boolean).join(" ");
    return `${name}\t${target.description ?? ""}\n`;
  });
  return alignTabs(["TARGET\tDESCRIPTION\n", ...rows].join(""), 1);
}
