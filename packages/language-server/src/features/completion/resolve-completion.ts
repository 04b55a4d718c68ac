import type { CompletionItem } from "vscode-languageserver";
import { flagDocumentation, instructionDocumentation } from "../../documentation/all-instructions.ts";
import { directiveDocumentation } from "../../documentation/directives.ts";
import { mountKeyDocumentation, mountTypeDocumentation } from "../../documentation/mounts.ts";
import { predefinedArg } from "../../documentation/predefined-args.ts";
import {
  markup,
  renderDirective,
  renderFlag,
  renderInstruction,
  renderMountKey,
  renderMountType,
  renderPredefinedArg,
} from "../../documentation/render.ts";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";
import type { ClientOptions } from "../../server/client-options.ts";
import { describeDeclaration, describeStage } from "../describe-names.ts";
import type { DocumentationKey } from "./candidate.ts";

/** Adds the documentation to an item that `completion` made; items of others come back as they are. */
export function resolveCompletion(
  item: CompletionItem,
  context: { readonly client: ClientOptions; readonly find: (uri: string) => DockerfileDocument | undefined },
): CompletionItem {
  const key = item?.data as DocumentationKey | undefined;
  if (typeof key !== "object" || key === null) return item;
  // What comes back from the client is not necessarily what it got.
  const isOurs = Object.values(key).every((value) => ["string", "number"].includes(typeof value));
  if (!isOurs) return item;
  const markdown = documentationOf(key, context.find);
  return markdown === undefined
    ? item
    : { ...item, documentation: markup(markdown, context.client.completionMarkup) };
}

function documentationOf(
  key: DocumentationKey,
  find: (uri: string) => DockerfileDocument | undefined,
): string | undefined {
  switch (key.of) {
    case "instruction":
      return rendered(instructionDocumentation(String(key.name)), renderInstruction);
    case "flag":
      return rendered(flagDocumentation(String(key.instruction), key.name), (flag) =>
        renderFlag(key.instruction, flag),
      );
    case "mount-key":
      return rendered(mountKeyDocumentation(String(key.name)), renderMountKey);
    case "mount-type":
      return rendered(mountTypeDocumentation(String(key.name)), renderMountType);
    case "directive":
      return rendered(directiveDocumentation(key.name), renderDirective);
    case "predefined-arg":
      return rendered(predefinedArg(key.name), renderPredefinedArg);
    case "stage":
      return rendered(find(key.uri)?.analysis.stages.stages[key.index], describeStage);
    case "variable": {
      const document = find(key.uri);
      const declaration = document?.analysis.variables.declarations.find(
        ({ nameSpan }) => nameSpan.start === key.at,
      );
      return declaration && describeDeclaration(document!, declaration);
    }
    default:
      return undefined;
  }
}

function rendered<Value>(value: Value | undefined, render: (value: Value) => string): string | undefined {
  return value === undefined ? undefined : render(value);
}
