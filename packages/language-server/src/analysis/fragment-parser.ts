import type { DockerfileParser, DockerfileTree, Problem } from "@slipway/frontend-dockerfile/language";

/** How many code units of texts are remembered. */
const MAX_LENGTH = 8 << 20;

interface Parsed {
  readonly tree: DockerfileTree;
  readonly problems: readonly Problem[];
}

/**
 * A parser that knows the texts that it has read lately: fragments do not change while the file that includes them is
 * typed. Trees are shared, and nobody changes them.
 */
export function createFragmentParser(parser: DockerfileParser): DockerfileParser {
  const known = new Map<string, Parsed>();
  let length = 0;
  return {
    parse(text, { file, problems }) {
      const key = `${file}\n${text}`;
      let parsed = known.get(key);
      if (parsed === undefined) {
        const found: Problem[] = [];
        parsed = { tree: parser.parse(text, { file, problems: found }), problems: found };
        length += key.length;
      }
      // The last one used is the last one forgotten.
      known.delete(key);
      known.set(key, parsed);
      for (const [oldest] of known) {
        if (length <= MAX_LENGTH) break;
        known.delete(oldest);
        length -= oldest.length;
      }
      problems.push(...parsed.problems);
      return parsed.tree;
    },
  };
}
