/** Whether a text is an IPv4 or IPv6 address, without brackets and zone. @see RFC 4291, section 2.2; Go, net.ParseIP */
export function isIpAddress(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1);
  const endsInIpv4 = last !== undefined && !text.endsWith("::") && isIpv4(last);
  if (endsInIpv4) groups.splice(-1, 1, "0", "0");
  const isShort = halves.length === 2 ? groups.length <= 7 : groups.length === 8;
  return isShort && groups.every((group) => /^[\da-f]{1,4}$/i.test(group));
}
