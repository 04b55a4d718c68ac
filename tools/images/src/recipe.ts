import type { Requirements } from "@slipway/testing/fixtures";
import type { LayoutConfig } from "./oci-layout.ts";

/** How to make one base image. */
export interface Recipe {
  readonly name: string;
  /** What making it needs of the machine. */
  readonly requirements: Requirements;
  /** Name of the image that the layers go on top of. */
  readonly base?: string;
  /** Whatever the result depends on, as text; a new text makes the image anew. */
  key(): Promise<string>;
  /**
   * Makes the image's own layers as uncompressed tars, lowest first.
   * @param workdir empty, for the tars and for anything else; removed afterwards
   * @param baseLayout folder of the OCI layout of `base`
   */
  make(workdir: string, baseLayout: string | undefined): Promise<RecipeResult>;
}

export interface RecipeResult {
  readonly layerTars: readonly string[];
  readonly config: LayoutConfig;
}

export const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
