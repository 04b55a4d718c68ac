/** One way to authenticate that a registry offers. @see RFC 9110, section 11.6.1 */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;

/** Reads a `WWW-Authenticate` header, which may hold several challenges. What can't be read is left out. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Record<string, string> }[] = [];
  let at = 0;
  const skip = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match?.[0];
  };
  while (at < header.length) {
    skip(/[\s,]+/y);
    const word = skip(TOKEN);
    if (word === undefined) break;
    if (skip(/[ \t]*=[ \t]*/y) === undefined) {
      challenges.push({ scheme: word.toLowerCase(), parameters: {} });
      continue;
    }
    const quoted = skip(/"(?:[^"\\]|\\.)*"/y);
    const value = quoted === undefined ? (skip(TOKEN) ?? "") : quoted.slice(1, -1).replace(/\\(.)/g, "$1");
    const current = challenges.at(-1);
    if (current) current.parameters[word.toLowerCase()] = value;
  }
  return challenges;
}
