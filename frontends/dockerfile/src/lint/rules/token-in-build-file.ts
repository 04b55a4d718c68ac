import { slipwayRule } from "../rule.ts";

interface TokenForm {
  readonly what: string;
  readonly form: RegExp;
}

/** Forms that nothing else has. */
const FORMS: readonly TokenForm[] = [
  { what: "an AWS access key", form: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g },
  { what: "a GitHub token", form: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})/g },
  { what: "a GitLab token", form: /\bgl(?:pat|dt|rt|cbt|ptt)-[\w-]{20,}/g },
  { what: "an npm token", form: /\bnpm_[A-Za-z0-9]{36}\b/g },
  { what: "a PyPI token", form: /\bpypi-AgEIcHlwaS[\w-]{40,}/g },
  { what: "a Docker Hub token", form: /\bdckr_(?:pat|oat)_[\w-]{20,}/g },
  { what: "a Slack token", form: /\bxox[abeoprs]-[\w-]{10,}/g },
  { what: "a Google API key", form: /\bAIza[\w-]{35}\b/g },
  { what: "a Stripe key", form: /\b[rs]k_live_[A-Za-z0-9]{20,}/g },
  { what: "a private key", form: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/g },
  { what: "a password in a URL", form: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:/@$"'`{}<>]{1,100}:[^\s:/@$"'`{}<>*]{3,200}@[\w[]/gi },
]; // prettier-ignore

/** What documents write where a token would be. */
const PLACEHOLDER =
  /example|xxxx|placeholder|your[-_]|<|changeme|\.\.\.|:(?:pass|password|pwd|secret|user|token)@/i;

export const tokenInBuildFile = slipwayRule({
  name: "TokenInBuildFile",
  description: "A build file holds no tokens, keys and passwords",
  inBuild: true,
  *check({ tree, source }) {
    for (const node of tree.instructions) {
      const text = source.text.slice(node.span.start, node.span.end);
      for (const { what, form } of FORMS) {
        for (const found of text.matchAll(form)) {
          if (PLACEHOLDER.test(found[0])) continue;
          const start = node.span.start + found.index;
          const span = { start, end: start + found[0].length };
          const line = source.locate(span).excerpt ?? "";
          yield {
            span,
            node,
            excerpt: line.replace(found[0], "*".repeat(Math.min(found[0].length, 20))),
            message: `${node.name.toUpperCase()} holds what looks like ${what}`,
            hint: "Revoke it, since it is in the file's history, and give it to the step with RUN --mount=type=secret.",
          };
        }
      }
    }
  },
});
