// Parts of docs/benchmarks.md that are written apart from the rest stand between two comments.

const marks = (name: string): readonly [string, string] => [`<!-- ${name} -->`, `<!-- end of ${name} -->`];

/** A part of a document, its marks included; undefined when it has none of that name. */
export function findSection(document: string, name: string): string | undefined {
  const [first, last] = marks(name);
  const start = document.indexOf(first);
  const end = document.indexOf(last, start);
  return start < 0 || end < 0 ? undefined : document.slice(start, end + last.length);
}

/** The document with the part of this name replaced, or added at the end. */
export function putSection(document: string, name: string, body: string): string {
  const [first, last] = marks(name);
  const section = `${first}\n\n${body.trim()}\n\n${last}`;
  const known = findSection(document, name);
  return known === undefined
    ? `${document.trimEnd()}\n\n${section}\n`
    : document.replace(known, () => section);
}
