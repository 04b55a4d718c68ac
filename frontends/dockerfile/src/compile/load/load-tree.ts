import { allowsIncludes } from "../../syntax/directives.ts";
import { parseAnnotated, type AnnotatedFile } from "./commit-points.ts";
import type { FragmentScope } from "./fragment-source.ts";
import type { Problem } from "../../problems.ts";
import type { RememberingParser } from "../../syntax/remembering-parser.ts";

/** Parses a build file, with all fragments that it includes. Mistakes are added to `problems`. */
export async function loadTree(
  scope: FragmentScope,
  options: { readonly parser: RememberingParser; readonly problems: Problem[] },
): Promise<AnnotatedFile> {
  const { parser, problems } = options;
  const { filename, text } = scope.file;
  const parsed = await parseAnnotated(parser, text, { file: filename, problems });
  if (!allowsIncludes(parsed.tree.directives)) return parsed;
  const [{ includeFragments }, { FragmentSources }] = await Promise.all([
    import("./include-fragments.ts"),
    import("./fragment-source.ts"),
  ]);
  const parse = (fragment: string, about: { file: string; problems: Problem[] }): Promise<AnnotatedFile> =>
    parseAnnotated(parser, fragment, about);
  return includeFragments(parsed, { sources: new FragmentSources(scope), problems, parse });
}
