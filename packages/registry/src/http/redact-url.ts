/**
 * A URL as errors and logs may show it: without user, password, query and fragment. Queries of blob stores and upload
 * sessions carry signatures that are as good as passwords.
 */
export function redactUrl(url: URL | string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
  } catch {
    return "(unreadable URL)";
  }
}
