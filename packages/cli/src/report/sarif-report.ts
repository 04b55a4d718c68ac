import { cliVersion } from "../version.ts";
import {
  positionOf,
  type AnswerFix,
  type AnswerPosition,
  type LintAnswer,
  type LintWarning,
} from "./lint-answer.ts";

interface SarifOptions {
  /** Path of the build file relative to the repository or folder, with slashes. */
  readonly uri: string;
  /** The same for a fragment by its name; undefined for one that is none of this machine's files. */
  readonly fragmentUri?: (file: string) => string | undefined;
}

/**
 * Findings in the Static Analysis Results Interchange Format, as code hosts read it.
 * @see SARIF 2.1.0, sections 3.13 (log), 3.14 (run), 3.27 (result), 3.28 (location), 3.30 (region), 3.55 (fix)
 */
export function sarifReport(answer: LintAnswer, options: SarifOptions): string {
  const uri = encodeURI(options.uri);
  const text = answer.sources[0]?.text ?? "";
  const uriOf = (file: string): string => encodeURI(options.fragmentUri?.(file) ?? file);
  const rules = [...new Map(answer.warnings.map((warning) => [warning.ruleName, warning])).values()];
  const errorCodes = [...new Set(answer.errors.map(({ code }) => code ?? "BUILD_ERROR"))];
  const ruleIndex = new Map(
    [...rules.map(({ ruleName }) => ruleName), ...errorCodes].map((id, index) => [id, index]),
  );
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "slipway",
            semanticVersion: cliVersion(),
            informationUri: "https://github.com/slipway-build/slipway",
            rules: [
              ...rules.map(({ ruleName, description, url }) => ({
                id: ruleName,
                name: ruleName,
                shortDescription: { text: description || ruleName },
                ...(url ? { helpUri: url } : {}),
                defaultConfiguration: { level: "warning" },
              })),
              ...errorCodes.map((id) => ({
                id,
                shortDescription: { text: "A mistake that stops the build" },
                defaultConfiguration: { level: "error" },
              })),
            ],
          },
        },
        columnKind: "utf16CodeUnits",
        results: [
          ...answer.warnings.map((warning) => ({
            ruleId: warning.ruleName,
            ruleIndex: ruleIndex.get(warning.ruleName),
            level: warning.severity === "error" ? "error" : "warning",
            message: { text: sentence(warning.detail, warning.hint) },
            ...locationsOf(warning, { uri, uriOf }),
            // Offsets count from the start of the build file.
            ...(warning.fix && warning.position?.includedFrom === undefined
              ? { fixes: [fixOf(warning.fix, { uri, text })] }
              : {}),
          })),
          ...answer.errors.map((error) => ({
            ruleId: error.code ?? "BUILD_ERROR",
            ruleIndex: ruleIndex.get(error.code ?? "BUILD_ERROR"),
            level: "error",
            message: { text: sentence(error.message, error.hint) },
            ...locationsOf(error, { uri, uriOf }),
          })),
        ],
      },
    ],
  };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function sentence(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}

/** What is wrong in a fragment is told there, and the INCLUDE is a related place. */
function locationsOf(
  place: Pick<LintWarning, "position" | "location">,
  { uri, uriOf }: { readonly uri: string; readonly uriOf: (file: string) => string },
): object {
  const position = positionOf(place, uri);
  const region = position === undefined ? undefined : regionOf(position);
  const sites: object[] = [];
  for (let from = position?.includedFrom; from !== undefined; from = from.includedFrom) {
    const artifactLocation = { uri: from.includedFrom === undefined ? uri : uriOf(from.file) };
    sites.push({
      id: sites.length + 1,
      message: { text: "included from here" },
      physicalLocation: { artifactLocation, region: regionOf(from) },
    });
  }
  const artifactLocation = { uri: sites.length === 0 ? uri : uriOf(position!.file) };
  return {
    locations: [{ physicalLocation: { artifactLocation, ...(region ? { region } : {}) } }],
    ...(sites.length === 0 ? {} : { relatedLocations: sites }),
  };
}

/** SARIF's last column is exclusive. */
function regionOf({ line, column, endLine, endColumn }: AnswerPosition): object {
  return {
    startLine: line,
    ...(column === undefined ? {} : { startColumn: column }),
    ...(endLine === undefined ? {} : { endLine }),
    ...(endColumn === undefined ? {} : { endColumn: endColumn + 1 }),
  };
}

function fixOf(fix: AnswerFix, { uri, text }: { uri: string; text: string }): object {
  return {
    description: { text: fix.title },
    artifactChanges: [
      {
        artifactLocation: { uri },
        replacements: fix.edits.map(({ span, text: inserted }) => ({
          deletedRegion: spanRegion(text, span),
          ...(inserted === "" ? {} : { insertedContent: { text: inserted } }),
        })),
      },
    ],
  };
}

function spanRegion(text: string, span: { readonly start: number; readonly end: number }): object {
  const [startLine, startColumn] = lineAndColumn(text, span.start);
  const [endLine, endColumn] = lineAndColumn(text, span.end);
  return { startLine, startColumn, endLine, endColumn };
}

function lineAndColumn(text: string, offset: number): [number, number] {
  const before = text.slice(0, offset);
  const lastLineEnd = before.lastIndexOf("\n");
  return [before.split("\n").length, offset - lastLineEnd];
}
