import { InputError } from "@slipway/oci";

/** Turns the mode of a source into the mode of its copy; all twelve bits. */
export type ModeChange = (mode: number, isDir: boolean) => number;

/** One thing that is done to a mode. `original` is the mode before the first of them. */
type Step = (mode: number, original: number, isDir: boolean) => number;

const CLAUSE = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/;
const OPERATION = /([-+=])([^-+=]*)/g;

const SET_UID = 0o4000;
const SET_GID = 0o2000;
const STICKY = 0o1000;
const PERMISSIONS = 0o777;
/** The bits that belong to each of user, group and others; the sticky bit belongs to nobody. */
const WHO: Readonly<Record<string, number>> = {
  u: SET_UID | 0o700,
  g: SET_GID | 0o070,
  o: 0o007,
  a: SET_UID | SET_GID | PERMISSIONS,
};
const PERMISSION: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/**
 * Compiles what `--chmod` takes: an octal number, or clauses such as `u+rwX,go-w`, whose meaning is that of BSD's
 * chmod(1), as for BuildKit: a clause that names nobody means all, whatever the umask; `X` looks at the mode as it was
 * before; `=` leaves the sticky bit alone, and copies of permissions (`g=u`) the set-id bits, too; `s` and `t` mean
 * nothing for others alone.
 * @throws InputError `MODE_INVALID`
 */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]+$/.test(text)) {
    const mode = parseInt(text, 8);
    if (mode <= 0o7777) return () => mode;
  }
  const steps = text.split(",").flatMap((clause) => parseClause(clause, text));
  return (mode, isDir) => steps.reduce((value, step) => step(value, mode, isDir), mode);
}

function parseClause(clause: string, text: string): Step[] {
  const match = CLAUSE.exec(clause);
  if (match === null) {
    throw new InputError("MODE_INVALID", `"${text}" is not a file mode`, {
      hint: "Write an octal number such as 0755, or changes such as u+x,go-w.",
    });
  }
  const [, names, operations] = match;
  let named = 0;
  for (const name of names!) named |= WHO[name]!;
  return [...operations!.matchAll(OPERATION)].flatMap(([, operator, letters]) => {
    const hasSticky = letters!.includes("t") && named !== WHO["o"];
    // Without a name `t` is about the sticky bit alone, whatever stands beside it.
    const who = (named === 0 && !hasSticky ? WHO["a"]! : named) | (hasSticky ? STICKY : 0);
    return operationSteps(operator!, letters!, who);
  });
}

function operationSteps(operator: string, letters: string, who: number): Step[] {
  const steps: Step[] = [];
  let bits = 0;
  let replaces = operator === "=";
  const flush = () => {
    const [given, cleared] = [bits, replaces ? who : 0];
    if (operator === "-") steps.push((mode) => mode & ~given);
    else steps.push((mode) => (mode & ~cleared) | given);
    bits = 0;
  };
  for (const letter of letters) {
    if (letter === "s") bits |= who & (SET_UID | SET_GID);
    else if (letter === "t") bits |= who & STICKY;
    else if (letter in PERMISSION) bits |= who & PERMISSION[letter]!;
    else if (letter !== "X") {
      if (bits !== 0) flush();
      steps.push(copyStep(operator, letter, who));
      replaces = false;
    }
  }
  // Letters behind a copy replace what it gave.
  if (bits !== 0 && operator === "=") replaces = true;
  if (bits !== 0 || replaces) flush();
  if (letters.includes("X")) {
    const executable = who & PERMISSION["x"]!;
    steps.push((mode, original, isDir) => {
      if (!isDir && (original & 0o111) === 0) return mode;
      return operator === "-" ? mode & ~executable : mode | executable;
    });
  }
  return steps;
}

/** Gives `who` the permissions that user, group or others have. */
function copyStep(operator: string, from: string, who: number): Step {
  const mask = who & PERMISSIONS;
  return (mode) => {
    const permissions = ((mode >> SHIFT[from]!) & 7) * 0o111;
    if (operator === "-") return mode & ~(permissions & mask);
    return (operator === "=" ? mode & ~mask : mode) | (permissions & mask);
  };
}
