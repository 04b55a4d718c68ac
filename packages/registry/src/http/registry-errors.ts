import { InputError, WorldError, type SlipwayError } from "@slipway/oci";
import { readBody } from "./read-body.ts";
import { redactUrl } from "./redact-url.ts";
import { errorCode } from "./retry-policy.ts";
import { isCertificateError } from "./tls.ts";
import type { HttpResponse } from "./transport.ts";

const MAX_ERROR_BYTES = 64 * 1024;

/** One entry of a registry's own error list. @see OCI distribution-spec, "Error Codes" */
export interface RegistryErrorEntry {
  readonly code: string;
  readonly message: string;
}

/** What a request was about, for messages. */
export interface Subject {
  /** `pull docker.io/library/busybox`, to stand after "could not". */
  readonly action: string;
  /** Host as image names spell it. */
  readonly registry: string;
  /** Present when a 404 means that the image is not there; its complete name. */
  readonly image?: string;
}

async function readEntries(response: HttpResponse): Promise<RegistryErrorEntry[]> {
  try {
    const json = JSON.parse((await readBody(response.body, MAX_ERROR_BYTES)).toString("utf8")) as {
      errors?: { code?: unknown; message?: unknown }[];
    };
    return (Array.isArray(json.errors) ? json.errors : []).slice(0, 5).map(({ code, message }) => ({
      code: String(code ?? "UNKNOWN").slice(0, 100),
      message: String(message ?? "").slice(0, 500),
    }));
  } catch {
    response.body.destroy();
    return [];
  }
}

/** The error that a response stands for; reads its body. */
export async function responseError(response: HttpResponse, subject: Subject): Promise<SlipwayError> {
  const entries = await readEntries(response);
  const said = entries.map(({ code, message }) => (message ? `${code}: ${message}` : code)).join("; ");
  const what = `could not ${subject.action}: ${subject.registry} answered ${response.status}${said ? ` (${said})` : ""}`;
  const data = {
    registry: subject.registry,
    status: response.status,
    url: redactUrl(response.url),
    errors: entries,
  };
  const { status } = response;
  const login = `docker login${subject.registry === "docker.io" ? "" : ` ${subject.registry}`}`;
  if (status === 401) {
    return new WorldError("REGISTRY_UNAUTHORIZED", what, {
      data,
      hint: `Check the image's name; if it is private, log in with \`${login}\` first.`,
    });
  }
  if (status === 403 || entries.some(({ code }) => code === "DENIED")) {
    return new WorldError("REGISTRY_FORBIDDEN", what, {
      data,
      hint: `Log in with \`${login}\` as somebody who may do this, or use another repository.`,
    });
  }
  if (status === 404 && subject.image !== undefined) {
    return new InputError("IMAGE_NOT_FOUND", `${subject.image} is not in the registry`, {
      data,
      hint: "Check the name and the tag.",
    });
  }
  if (status === 429) {
    return new WorldError("TOO_MANY_REQUESTS", what, {
      data,
      retryable: true,
      hint: `Wait a while, or log in with \`${login}\`: registries allow more to those they know.`,
    });
  }
  return new WorldError("REGISTRY_ERROR", what, {
    data,
    retryable: status >= 500,
    hint:
      status >= 500
        ? "Try again later: the registry is in trouble."
        : "Check the name, and that the registry supports this.",
  });
}

/** The error for a request that got no response. */
export function unreachable(cause: unknown, subject: Subject, insecureHint: boolean): SlipwayError {
  const code = errorCode(cause);
  const why = cause instanceof Error && cause.message !== "" ? cause.message : code;
  return new WorldError(
    "REGISTRY_UNREACHABLE",
    `could not ${subject.action}: no answer from ${subject.registry} (${why})`,
    {
      retryable: true,
      cause,
      data: { registry: subject.registry, code },
      hint: isCertificateError(code)
        ? `Put the authority's certificate at /etc/docker/certs.d/${subject.registry}/ca.crt, or name it in NODE_EXTRA_CA_CERTS.`
        : insecureHint
          ? "If the registry speaks plain HTTP, configure its host as insecure; else check the name, the network and the proxy."
          : "Check that the registry runs, its name and port, the network and the proxy.",
    },
  );
}
