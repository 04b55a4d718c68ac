import { slipwayRule } from "../rule.ts";

const REMOTE = /^(?:https?|git|ssh|ftp):\/\/|^[\w.-]+@[\w.-]+:/i;
const ARCHIVE = /\.(?:tar|tar\.\w+|t[gbxz]z2?|tzst|gz|bz2|xz|zst|lzma|lz4)$/i;

/** True when a source may be an archive, which ADD unpacks, or something from elsewhere. */
function needsAdd(source: string): boolean {
  return REMOTE.test(source) || ARCHIVE.test(source) || source.includes("$") || /[*?\]]$/.test(source);
}

export const addWhereCopyDoes = slipwayRule({
  name: "AddWhereCopyDoes",
  description: "ADD is for archives and for what comes from elsewhere; COPY takes files as they are",
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "add") continue;
      const isSpecial =
        command.checksum !== undefined || command.unpack !== undefined || command.keepGitDir !== undefined;
      if (isSpecial || command.sources.some(({ text }) => needsAdd(text))) continue;
      const { keyword } = command.node;
      const wanted = keyword.text === keyword.text.toLowerCase() ? "copy" : "COPY";
      yield {
        span: keyword.span,
        node: command.node,
        stage: stage.stage.index,
        message: "ADD unpacks what happens to be an archive; COPY says that files are taken as they are",
        hint: `Write ${wanted}.`,
        fix: { title: `Write ${wanted}`, edits: [{ span: keyword.span, text: wanted }], unsure: true },
      };
    }
  },
});
