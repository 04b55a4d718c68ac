import { InputError } from "@slipway/oci";

/** Turns the mode of a source into the mode of its copy; all twelve bits. */
export type ModeChange = (mode: number, isDir: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;
const ACTION = /([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g;
const UMASK = 0o022;
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/**
 * Compiles what `chmod` takes: an octal number, or clauses such as `u+rwX,go-w`. A clause that names nobody means all,
 * as far as umask 022 lets it.
 * @throws InputError `MODE_INVALID`
 */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = parseInt(text, 8);
    if (mode <= 0o7777) return () => mode;
  }
  const changes = text.split(",").map((clause) => parseClause(clause, text));
  return (mode, isDir) => changes.reduce((value, change) => change(value, isDir), mode);
}

function parseClause(clause: string, text: string): ModeChange {
  const match = CLAUSE.exec(clause);
  if (match === null) {
    throw new InputError("MODE_INVALID", `"${text}" is not a file mode`, {
      hint: "Write an octal number such as 0755, or changes such as u+x,go-w.",
    });
  }
  const who = match[1] === "" ? "ugo" : match[1]!.includes("a") ? "ugo" : match[1]!;
  const allowed = match[1] === "" ? ~UMASK : ~0;
  const steps = [...match[2]!.matchAll(ACTION)].map(([, operator, letters]) => ({
    operator,
    letters: letters!,
  }));
  return (mode, isDir) => {
    let value = mode;
    for (const { operator, letters } of steps) {
      const bits = bitsOf(letters, { who, value, isDir }) & allowed;
      if (operator === "+") value |= bits;
      else if (operator === "-") value &= ~bits;
      else value = (value & ~(clearedBy(who) & allowed)) | bits;
    }
    return value & 0o7777;
  };
}

function clearedBy(who: string): number {
  let bits = 0;
  for (const name of who) bits |= 0o7 << SHIFT[name]!;
  if (who.includes("u")) bits |= 0o4000;
  if (who.includes("g")) bits |= 0o2000;
  if (who.includes("o")) bits |= 0o1000;
  return bits;
}

function bitsOf(letters: string, context: { who: string; value: number; isDir: boolean }): number {
  const { who, value, isDir } = context;
  let permissions = 0;
  let bits = 0;
  for (const letter of letters) {
    if (letter === "r") permissions |= 4;
    else if (letter === "w") permissions |= 2;
    else if (letter === "x") permissions |= 1;
    else if (letter === "X") permissions |= isDir || (value & 0o111) !== 0 ? 1 : 0;
    else if (letter === "s") bits |= (who.includes("u") ? 0o4000 : 0) | (who.includes("g") ? 0o2000 : 0);
    else if (letter === "t") bits |= who.includes("o") ? 0o1000 : 0;
    else permissions |= (value >> SHIFT[letter]!) & 7;
  }
  for (const name of who) bits |= permissions << SHIFT[name]!;
  return bits;
}
