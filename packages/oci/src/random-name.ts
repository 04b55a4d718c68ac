/**
 * Hex digits that nobody else has come to, for temporary files and the like. Not for secrets: they can be guessed, and
 * whoever makes a file by such a name has to insist that it is new.
 */
export function randomName(digits: number): string {
  let name = "";
  while (name.length < digits) {
    name += Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
  return name.slice(0, digits);
}
