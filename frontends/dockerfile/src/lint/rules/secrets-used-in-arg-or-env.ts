import { buildkitRule } from "../rule.ts";

/** Names are looked at word by word, words being joined by underscores. */
const SECRET_WORD = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS_WORD = /(?:^|_)(?:public|file|version)(?:_|$)/i;

/** True for names such as API_KEY and github_token, but not for PUBLIC_KEY and TOKEN_FILE. */
export function soundsSecret(name: string): boolean {
  return SECRET_WORD.test(name) && !HARMLESS_WORD.test(name);
}

export const secretsUsedInArgOrEnv = buildkitRule({
  name: "SecretsUsedInArgOrEnv",
  description: "What is secret does not go through ARG and ENV, which stay in the image",
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "arg" && command.kind !== "env") continue;
      const keys =
        command.kind === "arg"
          ? command.args.map(({ key }) => ({ key, name: key.text }))
          : command.pairs.map(({ key }) => ({ key, name: context.expanded(key).text }));
      for (const { key, name } of keys) {
        if (!soundsSecret(name)) continue;
        yield {
          span: key.span,
          node: command.node,
          stage: stage.stage.index,
          message: `${command.kind.toUpperCase()} ${name} looks like a secret: whoever has the image can read it`,
          hint: "Use RUN --mount=type=secret,id=… with --secret, which leaves nothing behind.",
        };
      }
    }
  },
});
