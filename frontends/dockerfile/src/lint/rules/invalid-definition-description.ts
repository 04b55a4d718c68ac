import { isCheckComment } from "../instruction-options.ts";
import { buildkitRule } from "../rule.ts";

export const invalidDefinitionDescription = buildkitRule({
  name: "InvalidDefinitionDescription",
  description: "A comment right above a named stage or an ARG begins with its name, and describes it",
  experimental: true,
  *check({ tree, file, comments }) {
    const names = new Map<number, string>();
    for (const { from, name } of file.stages) if (name !== "") names.set(from.node.span.start, name);
    const args = [...file.globalArgs, ...file.stages.flatMap(({ commands }) => commands)];
    for (const command of args) {
      if (command.kind === "arg" && command.args.length === 1)
        names.set(command.node.span.start, command.args[0]!.key.text);
    }
    for (const node of tree.instructions) {
      const name = names.get(node.span.start);
      const comment = comments.get(node.span.start)?.findLast((each) => !isCheckComment(each));
      if (name === undefined || comment === undefined || comment.text.split(/\s/)[0] === name) continue;
      yield {
        span: comment.span,
        node,
        lines: linesOf(
          tree.source.position(node.span.start).line,
          tree.source.position(node.span.end - 1).line,
        ),
        message: `the comment above ${name} does not describe it`,
        hint: `Write # ${name} …, or put an empty comment line (#) between.`,
      };
    }
  },
});

function linesOf(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
