/** `user@host:path`, as git and ssh take it. */
const SCP_STYLE = /^[A-Za-z0-9_][\w.+-]*@[A-Za-z0-9][\w.-]*:/;

/**
 * True for a build context that is fetched rather than read: a git repository or a file by http. A folder of that name
 * goes first, so that callers look for it before they ask.
 * @see docker build, "Build context"
 */
export function isRemoteContext(context: string): boolean {
  return (
    /^(?:https?|git|ssh|git\+ssh):\/\//i.test(context) ||
    context.startsWith("github.com/") ||
    SCP_STYLE.test(context)
  );
}
