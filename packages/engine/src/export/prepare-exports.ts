import { InputError } from "@slipway/oci";
import type { Exporter, PreparedExport } from "@slipway/engine-sdk";
import { exporterNames, type ExporterServices, loadExporter } from "@slipway/exporters";
import type { ExportRequest } from "../contracts.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each exporter's own schema validates its options
type AnyExporter = Exporter<any>;

/** An export whose options are known to be right. */
export interface ReadyExport {
  readonly type: string;
  readonly prepared: PreparedExport;
}

/**
 * Finds exporters and checks their options before anything is built.
 * @throws InputError `EXPORTER_UNKNOWN`, `EXPORTER_OPTION_INVALID`
 */
export async function prepareExports(
  requests: readonly ExportRequest[],
  available: { readonly extra: readonly AnyExporter[]; readonly services: ExporterServices },
): Promise<ReadyExport[]> {
  return Promise.all(
    requests.map(async ({ type, attrs }) => {
      const exporter =
        available.extra.find(({ name }) => name === type) ?? (await loadExporter(type, available.services));
      if (!exporter) {
        const names = [...new Set([...available.extra.map(({ name }) => name), ...exporterNames])].sort();
        throw new InputError("EXPORTER_UNKNOWN", `there is no exporter "${type}"`, {
          hint: `Use --output type= with one of ${names.join(", ")}.`,
        });
      }
      const options = exporter.options.safeParse({ ...attrs });
      if (!options.success) {
        const issue = options.error.issues[0];
        throw new InputError(
          "EXPORTER_OPTION_INVALID",
          `--output type=${type}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim(),
          {
            hint: "Options are written as type=NAME,key=value,… without spaces.",
          },
        );
      }
      return { type, prepared: exporter.prepare(options.data) };
    }),
  );
}
