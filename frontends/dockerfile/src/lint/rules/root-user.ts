import { slipwayRule } from "../rule.ts";

export const rootUser = slipwayRule({
  name: "RootUser",
  description: "The image's process does not run as root",
  optIn: true,
  *check(context) {
    const chain = [...context.imageStages()];
    const [last] = chain;
    if (last === undefined) return;
    const users = chain.flatMap(({ stage }) =>
      stage.commands.filter(({ kind }) => kind === "user").reverse(),
    );
    const user = users[0]?.kind === "user" ? users[0] : undefined;
    if (user === undefined) {
      yield {
        span: last.stage.from.node.span,
        node: last.stage.from.node,
        message: "no USER is set: the process runs as the base image's user, mostly root",
        hint: "Write USER with a name or number other than root's before CMD.",
      };
      return;
    }
    const { text, isCertain } = context.expanded(user.text);
    if (!isCertain || !/^(?:root|0)(?::|$)/.test(text)) return;
    yield {
      span: user.text.span,
      node: user.node,
      message: "the last USER is root: the process runs as root",
      hint: "Write USER with another name or number behind the steps that need root.",
    };
  },
});
