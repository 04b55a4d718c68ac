import type { ShellCommand } from "../shell-script.ts";
import { flagsOf, runs } from "../shell-script.ts";
import { slipwayRule } from "../rule.ts";

interface PackageManager {
  readonly name: string;
  /** What it leaves, as people know it. */
  readonly leaves: string;
  readonly hint: string;
  isInstall(command: ShellCommand): boolean;
  /** In a script as a whole. */
  readonly cleans: RegExp;
  /** Targets of mounts that keep its files out of the layer. */
  readonly folders: RegExp;
}

const MANAGERS: readonly PackageManager[] = [
  {
    name: "apt-get",
    leaves: "its package lists (/var/lib/apt/lists)",
    hint: "Add && rm -rf /var/lib/apt/lists/* to the same RUN, or mount caches: --mount=type=cache,target=/var/lib/apt",
    isInstall: (command) => runs(command, ["apt-get", "apt"], ["update"]),
    cleans: /rm\s[^&|;]*\/var\/lib\/apt|find\s+\/var\/lib\/apt/,
    folders: /(?:target|dst|destination)=\/var\/lib(?:\/apt(?:\/lists)?)?\/?(?:,|$)/,
  },
  {
    name: "apk",
    leaves: "its index (/var/cache/apk)",
    hint: "Write apk add --no-cache …, or mount a cache: --mount=type=cache,target=/var/cache/apk",
    isInstall: (command) =>
      (runs(command, "apk", ["add"]) && flagsOf(command).some((flag) => flag === "--update" || flag === "-U") &&
        !flagsOf(command).includes("--no-cache")) || runs(command, "apk", ["update"]), // prettier-ignore
    cleans: /rm\s[^&|;]*\/var\/cache\/apk|apk\s+cache\s+clean/,
    folders: /(?:target|dst|destination)=(?:\/var\/cache(?:\/apk)?|\/etc\/apk\/cache)\/?(?:,|$)/,
  },
  {
    name: "dnf",
    leaves: "its metadata and packages (/var/cache)",
    hint: "Add && dnf clean all to the same RUN, or mount a cache: --mount=type=cache,target=/var/cache/libdnf5",
    isInstall: (command) =>
      runs(command, ["dnf", "yum", "microdnf"], ["install", "groupinstall", "update", "upgrade"]),
    cleans: /(?:dnf|yum|microdnf)\s[^&|;]*clean\s+all|rm\s[^&|;]*\/var\/cache/,
    folders: /(?:target|dst|destination)=\/var\/cache(?:\/(?:lib)?dnf5?|\/yum)?\/?(?:,|$)/,
  },
];

export const packageCacheLeft = slipwayRule({
  name: "PackageCacheLeft",
  description: "What package managers fetch for themselves does not stay in the image",
  *check(context) {
    // Layers of other stages are not part of the image.
    for (const stage of context.imageStages()) {
      for (const command of stage.stage.commands) {
        if (command.kind !== "run") continue;
        for (const script of context.scripts(command.node)) {
          for (const manager of MANAGERS) {
            const install = script.commands.find(manager.isInstall);
            if (install === undefined || manager.cleans.test(script.text)) continue;
            if (command.mounts.some(({ text }) => manager.folders.test(text))) continue;
            yield {
              span: { start: install.words[0]!.span.start, end: install.words.at(-1)!.span.end },
              node: command.node,
              stage: stage.stage.index,
              message: `${manager.name} leaves ${manager.leaves} in the image`,
              hint: manager.hint,
            };
          }
        }
      }
    }
  },
});
