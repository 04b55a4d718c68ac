/** The parts of an overlay mount. Topmost lower folder first; `upperdir` and `workdir` both or neither. */
export interface OverlayFolders {
  readonly lowerdirs: readonly string[];
  readonly upperdir?: string;
  readonly workdir?: string;
}

export type OverlayOption = readonly [key: string, value: string];

/**
 * The options of an overlay, in pairs, in the order in which they should be tried: the first list keeps features out of
 * `upperdir` that another reader of that folder would not understand (redirects, metadata-only copies), the second is
 * for kernels that refuse to be told.
 * @param userNamespace the mount happens in a user namespace: markers go to `user.overlay.*`.
 */
export function overlayOptions(
  folders: OverlayFolders,
  userNamespace: boolean,
): readonly (readonly OverlayOption[])[] {
  const { lowerdirs, upperdir, workdir } = folders;
  const base: OverlayOption[] = lowerdirs.map((folder) => ["lowerdir+", folder]);
  if (upperdir !== undefined && workdir !== undefined)
    base.push(["upperdir", upperdir], ["workdir", workdir]);
  if (userNamespace) base.push(["userxattr", ""]);
  const strict: OverlayOption[] = [...base, ["redirect_dir", "off"], ["metacopy", "off"], ["index", "off"]];
  // redirect_dir=off and metacopy=off exclude userxattr on some kernels, which imply both.
  if (userNamespace) return [[...base, ["index", "off"]], base];
  return [strict, base];
}

/** Bytes that mount(2) takes as options: a page with the NUL at its end. */
const maximumLength = 4095;

/**
 * Options as mount(2) takes them; undefined when they are too long for it.
 * @see overlayfs in the kernel's documentation: backslashes protect `:`, `,` and themselves
 */
export function overlayOptionString(options: readonly OverlayOption[]): string | undefined {
  const lower = options
    .filter(([key]) => key === "lowerdir+")
    .map(([, folder]) => escape(folder).replaceAll(":", "\\:"));
  const rest = options.filter(([key]) => key !== "lowerdir+");
  const text = [
    `lowerdir=${lower.join(":")}`,
    ...rest.map(([key, value]) => (value === "" ? key : `${key}=${escape(value)}`)),
  ].join(",");
  return Buffer.byteLength(text) > maximumLength ? undefined : text;
}

function escape(folder: string): string {
  return folder.replaceAll("\\", "\\\\").replaceAll(",", "\\,");
}
