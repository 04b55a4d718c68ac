import { failAt, type Site } from "./site-error.ts";
import type { Span } from "../syntax/source-text.ts";

function parsePort(text: string): number | undefined {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function parseRange(text: string): readonly [number, number] | undefined {
  const parts = text.split("-");
  const first = parsePort(parts[0]!);
  const last = parts.length === 1 ? first : parsePort(parts[1] ?? "");
  return parts.length > 2 || first === undefined || last === undefined || last < first
    ? undefined
    : [first, last];
}

/**
 * Reads what EXPOSE takes: `port`, `first-last`, with `/tcp`, `/udp` or `/sctp`. A host's part (`80:80`) is allowed and
 * means nothing, as in Docker.
 * @returns `port/protocol`, in order
 * @throws InputError `PORT_INVALID`
 */
export function parsePorts(
  text: string,
  place: { readonly site: Site; readonly span: Span },
): readonly string[] {
  const fail = (why: string): never =>
    failAt(place.site, place.span, {
      code: "PORT_INVALID",
      message: `EXPOSE cannot take "${text}": ${why}`,
      hint: "Write a port from 0 to 65535 or a range, with /tcp or /udp behind it: 8080, 8000-8010/udp.",
    });
  const container = text.split(":").at(-1)!;
  const [range = "", protocol = "", ...rest] = container.split("/");
  const name = protocol.toLowerCase() || "tcp";
  if (rest.length > 0 || !["tcp", "udp", "sctp"].includes(name))
    fail(`"${[protocol, ...rest].join("/")}" is not a protocol`);
  const ports = parseRange(range);
  if (ports === undefined)
    return fail(
      range.split("-").every((port) => parsePort(port) !== undefined)
        ? `"${range}" is not a range of ports, which goes upwards`
        : `"${range}" is not a port`,
    );
  return Array.from({ length: ports[1] - ports[0] + 1 }, (_, index) => `${ports[0] + index}/${name}`);
}
