import { isIpAddress } from "./ip-address.ts";
import { failAt, type Site } from "../site-error.ts";
import type { Span } from "../../syntax/source-text.ts";

function parsePort(text: string): number | undefined {
  return /^\+?\d+$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

function parseRange(text: string): readonly [number, number] | undefined {
  const parts = text.split("-");
  const first = parsePort(parts[0]!);
  const last = parts.length === 1 ? first : parsePort(parts[1] ?? "");
  return parts.length > 2 || first === undefined || last === undefined || last < first
    ? undefined
    : [first, last];
}

/** What is wrong with the address and the ports of the host, `127.0.0.1:8080` of `127.0.0.1:8080:80`; undefined when nothing is. */
function hostFault(parts: readonly string[], container: readonly [number, number]): string | undefined {
  const written = parts.at(-1) ?? "";
  if (written !== "") {
    const host = parseRange(written);
    if (host === undefined) return `"${written}" is not a port of the host`;
    const length = container[1] - container[0];
    if (length !== host[1] - host[0] && length !== 0)
      return `"${written}" has not as many ports as what it stands for`;
  }
  const address = parts.slice(0, -1).join(":");
  const bare = /^\[([^[\]]*)\]$/.exec(address)?.[1] ?? address;
  return bare === "" || isIpAddress(bare) ? undefined : `"${address}" is not an IP address`;
}

/**
 * Reads what EXPOSE takes: `port`, `first-last`, with `/tcp`, `/udp` or `/sctp`. A host's part (`127.0.0.1:80:80`) has to
 * be right and means nothing, as in Docker.
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
  const parts = text.split(":");
  const container = parts.pop()!;
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
  const fault = hostFault(parts, ports);
  if (fault !== undefined) return fail(fault);
  return Array.from({ length: ports[1] - ports[0] + 1 }, (_, index) => `${ports[0] + index}/${name}`);
}
