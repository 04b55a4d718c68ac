import type { Diagnostic } from "@slipway/frontend-sdk";
import { includedFrom, maskedSource, sourceExcerpt } from "./source-excerpt.ts";
import { visibleText } from "./visible-text.ts";

/** The lines of more warnings than this would push what matters off the screen. */
const MOST_EXCERPTS = 10;

/** The warnings of a build, once each, as docker buildx lists them at its end, with their lines. Ends with a line end. */
export function warningReport(
  warnings: readonly Diagnostic[],
  readSource: (file: string) => string | undefined = () => undefined,
): string {
  const texts = new Map<string, string | undefined>();
  const entries = new Map<string, string>();
  for (const { code, message, hint, location, url } of warnings) {
    const sites = includedFrom(location).map((site) => `, ${site}`);
    const place = location ? ` (${location.file}:${location.line}${sites.join("")})` : "";
    const head = ` - ${code}: ${message}${place}`;
    if (entries.has(head)) continue;
    const lines = [head, ...(hint ? [`   hint: ${hint}`] : []), ...(url ? [`   ${url}`] : [])];
    if (location && entries.size < MOST_EXCERPTS) {
      if (!texts.has(location.file)) {
        const places = warnings.flatMap((each) =>
          each.location?.file === location.file ? [each.location] : [],
        );
        texts.set(location.file, maskedSource(readSource(location.file), places));
      }
      const text = texts.get(location.file);
      if (text !== undefined || location.excerpt !== undefined)
        lines.push(
          ...sourceExcerpt(location, text)
            .slice(1)
            .map((line) => `   ${line}`),
        );
    }
    entries.set(head, lines.join("\n"));
  }
  const count = entries.size;
  const found = [...entries.values()].join("\n");
  return visibleText(`\n ${count} warning${count === 1 ? "" : "s"} found:\n${found}\n`);
}
