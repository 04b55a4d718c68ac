export {
  BASE_IMAGE_NAMES,
  baseImageRequirements,
  ensureBaseImage,
  imageCacheFolder,
  pushBaseImage,
  type BaseImageName,
} from "./base-image.ts";
export { writeOciLayout, type LayoutConfig } from "./oci-layout.ts";
export { packFolder } from "./pack-folder.ts";
