import { slipwayRule } from "../rule.ts";

/** True when a script sets a variable itself, and so means its own. */
function isSetIn(script: string, name: string): boolean {
  const assigned = `(?:^|[;&|(]|\\b(?:export|local|readonly|declare|env|then|do)\\b)\\s*(?:\\w+=\\S*\\s+)*${name}=`;
  const bound = `\\b(?:for\\s+${name}\\s+in|read\\s+(?:-\\w+\\s+)*(?:\\w+\\s+)*${name})\\b`;
  return new RegExp(`${assigned}|${bound}`, "m").test(script);
}

export const argOutOfScope = slipwayRule({
  name: "ArgOutOfScope",
  description: "RUN uses an argument from before FROM only when its stage declares it again",
  inBuild: true,
  *check(context) {
    const globals = new Set(context.file.globalArgs.flatMap(({ args }) => args.map(({ key }) => key.text)));
    if (globals.size === 0) return;
    for (const stage of context.stages) {
      const known = new Set([...(stage.parent?.env.keys() ?? []), ...(stage.parent?.declared ?? [])]);
      for (const entry of context.facts.bases?.[stage.stage.index]?.env ?? [])
        known.add(entry.split("=", 1)[0]!);
      for (const command of stage.stage.commands) {
        if (command.kind === "arg") for (const { key } of command.args) known.add(key.text);
        if (command.kind === "env")
          for (const { key } of command.pairs) known.add(context.expanded(key).text);
        if (command.kind !== "run") continue;
        for (const script of context.scripts(command.node)) {
          const found = new Set<string>();
          for (const match of script.text.matchAll(/\\.|'[^']*'|\$\{?([A-Za-z_]\w*)/g)) {
            const name = match[1];
            if (name === undefined || found.has(name) || !globals.has(name) || known.has(name)) continue;
            if (isSetIn(script.text, name)) continue;
            found.add(name);
            const start = script.span.start + match.index;
            yield {
              span: { start, end: start + match[0].length },
              node: command.node,
              stage: stage.stage.index,
              message: `${name} is empty here: an ARG before FROM is not seen in stages`,
              hint: `Write ARG ${name} in this stage, before the step.`,
            };
          }
        }
      }
    }
  },
});
