import {
  INSTRUCTION_FLAGS,
  INSTRUCTIONS,
  MOUNT_KEYS,
  MOUNT_TYPES,
  nearestName,
  type Problem,
  type Span,
} from "@slipway/frontend-dockerfile/language";
import type { Analysis } from "../../analysis/analysis.ts";
import { mountFields } from "../../analysis/mount-fields.ts";
import { innermost } from "../../analysis/stages.ts";
import { flagDocumentation } from "../../documentation/all-instructions.ts";
import { mountKeyDocumentation } from "../../documentation/mounts.ts";

/** What was probably meant, and what it takes the place of. */
export interface Suggestion {
  readonly span: Span;
  readonly text: string;
}

/** What a problem's author probably meant by a name that does not exist; undefined when nothing is near. */
export function suggestionFor(analysis: Analysis, problem: Problem, span: Span): Suggestion | undefined {
  const written = analysis.text.slice(span.start, span.end);
  const nearest = (name: string, candidates: Iterable<string>, place = span): Suggestion | undefined => {
    const found = nearestName(name, candidates);
    if (found === undefined || found === name) return undefined;
    return { span: place, text: found };
  };
  switch (problem.code) {
    case "INSTRUCTION_UNKNOWN": {
      const isLower = written === written.toLowerCase();
      const names = INSTRUCTIONS.map((name) => (isLower ? name.toLowerCase() : name));
      return nearest(written, names);
    }
    case "FLAG_UNKNOWN": {
      const node = analysis.instructionAt(span.start);
      const known = node && INSTRUCTION_FLAGS[innermost(node).name];
      const place = { start: span.start, end: span.start + written.replace(/=.*$/s, "").length };
      return (
        known &&
        nearest(
          analysis.text.slice(place.start, place.end),
          Object.keys(known).map((name) => `--${name}`),
          place,
        )
      );
    }
    case "FLAG_VALUE":
    case "MOUNT_INVALID":
      return valueSuggestion(analysis, span, nearest);
    case "STAGE_NOT_FOUND":
    case "REFERENCE_INVALID":
      return stageSuggestion(analysis, span, nearest);
    default:
      return undefined;
  }
}

type Nearest = (name: string, candidates: Iterable<string>, place?: Span) => Suggestion | undefined;

function valueSuggestion(analysis: Analysis, span: Span, nearest: Nearest): Suggestion | undefined {
  const node = analysis.instructionAt(span.start);
  if (node === undefined) return undefined;
  const inner = innermost(node);
  const flag = inner.flags.find((each) => each.span.start <= span.start && span.end <= each.span.end);
  if (flag?.valueSpan === undefined) return undefined;
  if (flag.name !== "mount") {
    const values = flagDocumentation(inner.name, flag.name)?.values;
    return (
      values &&
      nearest(
        flag.value ?? "",
        values.map(({ value }) => value),
        flag.valueSpan,
      )
    );
  }
  const field = mountFields(analysis.text, flag.valueSpan).find(
    (each) => each.span.start <= span.start && span.end <= each.span.end,
  );
  if (field === undefined) return undefined;
  const key = mountKeyDocumentation(field.key);
  if (!MOUNT_KEYS.includes(field.key.toLowerCase())) return nearest(field.key, MOUNT_KEYS, field.keySpan);
  if (field.valueSpan === undefined || key === undefined) return undefined;
  const values = key.name === "type" ? MOUNT_TYPES : (key.values ?? []).map(({ value }) => value);
  const isKnown = values.includes(field.value!.toLowerCase());
  return isKnown ? undefined : nearest(field.value!, values, field.valueSpan);
}

function stageSuggestion(analysis: Analysis, span: Span, nearest: Nearest): Suggestion | undefined {
  const { stages } = analysis;
  const reference = stages.references.find(
    (each) => each.span.start < span.end && span.start < each.span.end,
  );
  if (reference === undefined || reference.target !== undefined || reference.byNumber) return undefined;
  const names = stages.stages.flatMap(({ name, index }) =>
    name !== undefined && index < (reference.stage?.index ?? 0) ? [name.text] : [],
  );
  return nearest(reference.text, names, reference.span);
}
