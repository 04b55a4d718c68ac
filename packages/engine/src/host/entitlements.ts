import { type Edge, walkVertices, type Vertex } from "@slipway/ir";
import { InputError } from "@slipway/oci";
import type { Entitlement } from "../contracts.ts";

/**
 * Refuses steps that want more than ordinary ones and were not allowed to, before any step runs. Devices are judged
 * by `checkDevices`. The host's network needs no permission: it is what every step has unless told otherwise.
 * @throws InputError `ENTITLEMENT_MISSING`, passed through `locate`.
 */
export function checkEntitlements(
  results: readonly (Edge | null)[],
  options: {
    readonly entitlements: readonly Entitlement[];
    readonly locate: (error: unknown, vertex: Vertex) => unknown;
  },
): void {
  if (options.entitlements.includes("security.insecure")) return;
  for (const result of results) {
    for (const vertex of walkVertices(result)) {
      if (vertex.op.kind !== "exec" || vertex.op.security !== "insecure") continue;
      throw options.locate(
        new InputError(
          "ENTITLEMENT_MISSING",
          "the step asks to run with all privileges (--security=insecure), which this build may not",
          {
            hint: "If you trust the build file, allow it: --allow security.insecure.",
            data: { entitlement: "security.insecure" },
          },
        ),
        vertex,
      );
    }
  }
}

/** Whether a build may have a device: all of them, this one, or all of its kind. */
export function allowsDevice(
  entitlements: readonly Entitlement[],
  device: { readonly name: string; readonly kind: string },
): boolean {
  return entitlements.some((entitlement) =>
    ["device", `device=${device.name}`, `device=${device.kind}`, `device=${device.kind}=*`].includes(
      entitlement,
    ),
  );
}
