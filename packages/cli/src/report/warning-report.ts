import type { Diagnostic } from "@slipway/frontend-sdk";

/** The warnings of a build, once each, as docker buildx lists them at its end. Ends with a line end. */
export function warningReport(warnings: readonly Diagnostic[]): string {
  const entries = new Set(
    warnings.map(({ code, message, hint, location, url }) => {
      const place = location ? ` (${location.file}:${location.line})` : "";
      return [
        ` - ${code}: ${message}${place}`,
        ...(hint ? [`   hint: ${hint}`] : []),
        ...(url ? [`   ${url}`] : []),
      ].join("\n");
    }),
  );
  return `\n ${entries.size} warning${entries.size === 1 ? "" : "s"} found:\n${[...entries].join("\n")}\n`;
}
