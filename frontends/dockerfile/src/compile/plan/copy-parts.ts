import { matchGlob } from "@slipway/ir/patterns";
import { InputError } from "@slipway/oci";
import type { CopyCommand } from "../../commands/command.ts";
import type { Heredoc, Word } from "../../syntax/syntax-tree.ts";
import { gitSource, parseGitReference } from "../sources/git-reference.ts";
import { heredocBytes, heredocText } from "./heredoc-text.ts";
import { cleanPath, joinPath, rootedPath } from "../paths.ts";
import type { CopyPart, Origin, PlacedCommand } from "./plan.ts";
import type { StepPlanner } from "./step-planner.ts";
import { atPlace, failAt } from "../site-error.ts";
import { stageLabel } from "./stage-plans.ts";

interface CopyContext {
  readonly command: CopyCommand;
  readonly placed: PlacedCommand;
  /** Expanded. */
  readonly sources: readonly string[];
}

const HTTP = /^https?:\/\//;
const CHECKSUM_HEX_DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/**
 * What the sources of a COPY or ADD are, in the order in which they are copied: here-documents come last.
 * @throws InputError `INSTRUCTION_ARGUMENTS`, `CHECKSUM_INVALID`, `HEREDOC_NAME`, `GIT_REFERENCE_INVALID`,
 * `FLAG_CONFLICT`, `PATTERN_INVALID`, `STAGE_NOT_READY`, `EXPANSION_FAILED`
 */
export function copyParts(planner: StepPlanner, copy: CopyContext): readonly CopyPart[] {
  const { command, placed, sources } = copy;
  checkPatterns(copy);
  const files: CopyPart[] = [];
  const inline: CopyPart[] = [];
  const checksum = command.checksum === undefined ? "" : planner.expand(command.checksum, placed);
  const needsUrl = checksum !== "";
  if (needsUrl && sources.length - command.heredocs.filter(Boolean).length !== 1) {
    failAt(placed, command.checksum!.span, {
      code: "CHECKSUM_INVALID",
      message: "--checksum is for one source alone",
      hint: "Write an ADD with a --checksum of its own for each URL.",
    });
  }
  let origin: Origin | undefined;
  for (const [index, text] of sources.entries()) {
    const heredoc = command.heredocs[index];
    if (heredoc !== undefined) {
      inline.push(inlinePart(planner, heredoc, placed));
      continue;
    }
    const word: Word = { text, span: command.sources[index]!.span };
    const remote = remotePart(planner, word, copy);
    if (remote !== undefined) {
      files.push(remote);
      // BuildKit asks the context for such names, too: nothing has them, but they are in the context's digest.
      if (!HTTP.test(text)) planner.scope.contextPaths.add(rootedPath(text));
      continue;
    }
    if (needsUrl) {
      failAt(placed, command.checksum!.span, {
        code: "CHECKSUM_INVALID",
        message: `--checksum is for URLs and git repositories, and "${text}" is a file of the context`,
        hint: "Remove --checksum: what comes from the context is what is there.",
      });
    }
    const part = filesPart(command, text);
    origin ??= copyOrigin(placed);
    use(planner, { origin, part });
    files.push({ ...part, origin });
  }
  return [...files, ...inline];
}

type FilesPart = Omit<Extract<CopyPart, { kind: "files" }>, "origin">;

function filesPart(command: CopyCommand, text: string): FilesPart {
  const unpack = command.kind === "add" && command.unpack !== false;
  const plain = { kind: "files" as const, include: [], required: [], unpack };
  if (!command.parents) return { ...plain, path: rootedPath(text) };
  // What stands before the first `/./` is not kept; `./` at the beginning is no such pivot.
  const written = text.replace(/^(?:\.\/+)+/, "");
  const pivot = written.indexOf("/./");
  const path = pivot < 0 ? "/" : rootedPath(written.slice(0, pivot));
  const kept = rootedPath(pivot < 0 ? written : written.slice(pivot + 3)).slice(1);
  // `dir/./` keeps nothing of the path: an ordinary copy.
  if (kept === "") return { ...plain, path };
  const isWild = /[*?[]/.test(path + kept.replace(/\\./g, ""));
  return {
    ...plain,
    path,
    include: [kept],
    // Without a wildcard the author means something that is there.
    required: isWild ? [] : [joinPath(path, kept)],
  };
}

/** Notes what a step takes, so that a local folder need not be sent whole. */
function use(
  planner: StepPlanner,
  { origin, part }: { readonly origin: Origin; readonly part: FilesPart },
): void {
  const used = origin.kind === "stage" ? origin.plan.usedPaths : planner.scope.contextPaths;
  if (part.include.length === 0) used.add(part.path);
  for (const pattern of part.include) used.add(joinPath(part.path, pattern));
}

function copyOrigin(placed: PlacedCommand): Origin {
  const from = placed.sources[0];
  if (from === undefined) return { kind: "context" };
  if (!from.planned && from.stage !== undefined) {
    const command = placed.command as CopyCommand;
    failAt(placed, command.from!.span, {
      code: "STAGE_NOT_READY",
      message: `cannot copy from stage ${stageLabel(from)}: it comes after this one`,
      hint: "Move it before this stage.",
    });
  }
  return { kind: "stage", plan: from };
}

function inlinePart(planner: StepPlanner, heredoc: Heredoc, placed: PlacedCommand): CopyPart {
  const { name, span } = heredoc;
  if (name.includes("/") || name === "." || name === "..") {
    failAt(placed, span, {
      code: "HEREDOC_NAME",
      message: `the here-document "${name}" is to be a file of that name, which no file can have`,
      hint: "Choose a name without slashes, for example <<EOF, and write the path as the destination.",
    });
  }
  const data = heredoc.expand
    ? Buffer.from(heredocText(heredoc, planner.lookup, placed))
    : heredocBytes(heredoc, placed.isTrigger ? undefined : planner.scope.wrong);
  return { kind: "inline", name, data };
}

/** The part that a URL or git repository is; undefined for a path. */
function remotePart(
  planner: StepPlanner,
  source: Word,
  { command, placed }: CopyContext,
): CopyPart | undefined {
  const git = atPlace(placed, source.span, () => parseGitReference(source.text));
  if (git === null && !HTTP.test(source.text)) return undefined;
  if (command.kind === "copy") {
    failAt(placed, source.span, {
      code: "INSTRUCTION_ARGUMENTS",
      message: `COPY takes files, not ${git === null ? "URLs" : "git repositories"}: "${source.text}"`,
      hint: "Write ADD instead.",
    });
  }
  const checksum = command.checksum === undefined ? "" : planner.expand(command.checksum, placed);
  if (git === null) {
    if (!/^https?:\/\/[^/?#]/.test(source.text)) {
      failAt(placed, source.span, {
        code: "INSTRUCTION_ARGUMENTS",
        message: `"${source.text}" names no host`,
        hint: "Write the whole URL, for example https://example.com/file.",
      });
    }
    return {
      kind: "http",
      url: source.text,
      filename: urlFileName(source.text),
      checksum: checksum === "" ? "" : checkedChecksum({ ...command.checksum!, text: checksum }, placed),
      unpack: command.unpack === true,
    };
  }
  const { keepGitDir } = command;
  if (git.keepGitDir !== undefined && keepGitDir !== undefined && git.keepGitDir !== keepGitDir) {
    failAt(placed, source.span, {
      code: "FLAG_CONFLICT",
      message: `--keep-git-dir is ${keepGitDir}, and the address says keep-git-dir=${git.keepGitDir}`,
      hint: "Remove one of the two.",
    });
  }
  if (git.checksum !== "" && checksum !== "" && git.checksum !== checksum) {
    failAt(placed, command.checksum!.span, {
      code: "CHECKSUM_INVALID",
      message: `--checksum is ${checksum}, and the address says ${git.checksum}`,
      hint: "Remove one of the two.",
    });
  }
  return {
    kind: "git",
    source: gitSource(git, { ...(keepGitDir === undefined ? {} : { keepGitDir }), checksum }),
  };
}

function checkedChecksum(word: Word, placed: PlacedCommand): string {
  const match = /^([^:]+):(.*)$/s.exec(word.text);
  const digits = CHECKSUM_HEX_DIGITS[match?.[1] ?? ""];
  const hex = match?.[2] ?? "";
  if (digits !== undefined && hex.length === digits && /^[0-9a-f]+$/.test(hex)) return word.text;
  const why =
    match === null
      ? "it does not say which algorithm it is of"
      : digits === undefined
        ? `"${match[1]}" is no algorithm that is known`
        : /^[0-9a-f]*$/.test(hex)
          ? `${match[1]} has ${digits} hexadecimal digits, not ${hex.length}`
          : "it is not in lower-case hexadecimal digits";
  return failAt(placed, word.span, {
    code: "CHECKSUM_INVALID",
    message: `"${word.text}" is no checksum: ${why}`,
    hint: "Write --checksum=sha256: and the 64 digits that sha256sum prints; sha384 and sha512 are known, too.",
  });
}

/** The name of the file that a URL gives: the last part of its path. */
function urlFileName(url: string): string {
  const path = /^https?:\/\/[^/?#]*([^?#]*)/.exec(url)?.[1] ?? "";
  let name = "";
  try {
    name = cleanPath(decodeURIComponent(path)).split("/").at(-1) ?? "";
  } catch {
    // A % that encodes nothing: BuildKit gives such a file the name below, too.
  }
  return name === "" || name === "." || name === ".." ? "__unnamed__" : name;
}

/** Patterns are tried once here, where it is known which word they are. */
function checkPatterns({ command, placed, sources }: CopyContext): void {
  const words = [
    ...command.exclude,
    ...sources.map((text, index) => ({ text, span: command.sources[index]!.span })),
  ];
  for (const { text, span } of words) {
    if (!/[[\\]/.test(text)) continue;
    atPlace(placed, span, () => {
      try {
        matchGlob(text, "");
      } catch (error) {
        if (!(error instanceof InputError) || !isBrokenArray(command)) throw error;
        throw new InputError(error.code, `${error.message}; this is no JSON array`, {
          hint: 'Close the array with ], put commas between its strings and double quotes around them: ["a b", "/c"].',
          cause: error,
        });
      }
    });
  }
}

/** Whether the arguments begin as those of a JSON array do, which they then are not. */
function isBrokenArray({ sources, node }: CopyCommand): boolean {
  const [first] = sources;
  return first !== undefined && /\[\s*["']/.test(node.original) && first.text.startsWith("[");
}
