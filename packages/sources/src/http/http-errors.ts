import { InputError, WorldError, type SlipwayError } from "@slipway/oci";
import { errorCode, isCertificateError, redactUrl } from "@slipway/registry/transport";

/** The error for an answer that is no success. */
export function statusError(status: number, url: URL): SlipwayError {
  const shown = redactUrl(url);
  const data = { url: shown, status };
  if (status === 404 || status === 410) {
    return new InputError("HTTP_NOT_FOUND", `${shown} does not exist: the server answered ${status}`, {
      data,
      hint: "Check the address.",
    });
  }
  if (status === 401 || status === 403) {
    return new WorldError(
      "HTTP_UNAUTHORIZED",
      `${shown} is not for everybody: the server answered ${status}`,
      {
        data,
        hint: `Lend the build a token: --secret id=HTTP_AUTH_TOKEN_${url.hostname},env=… (sent as "Bearer"), or the whole header as HTTP_AUTH_HEADER_${url.hostname}.`,
      },
    );
  }
  return new WorldError("HTTP_STATUS", `could not download ${shown}: the server answered ${status}`, {
    data,
    retryable: status === 408 || status === 429 || status >= 500,
    hint:
      status >= 500 || status === 429 ? "Try again later: the server is in trouble." : "Check the address.",
  });
}

/** The error for a request that got no answer, or an answer that broke off. */
export function transferError(cause: unknown, url: URL): SlipwayError {
  const shown = redactUrl(url);
  const code = errorCode(cause);
  const why = cause instanceof Error && cause.message !== "" ? cause.message : code;
  if (isCertificateError(code)) {
    return new WorldError("HTTP_CERTIFICATE", `the certificate of ${url.host} is not trusted (${why})`, {
      cause,
      data: { url: shown, code },
      hint: "Name the file of the authority that signed it in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS.",
    });
  }
  return new WorldError("HTTP_UNREACHABLE", `could not download ${shown}: ${why}`, {
    cause,
    retryable: true,
    data: { url: shown, code },
    hint: "Check the address, the network and the proxy (HTTP_PROXY, HTTPS_PROXY, NO_PROXY).",
  });
}

export function tooManyRedirects(url: URL, most: number): InputError {
  return new InputError(
    "HTTP_REDIRECTS",
    `${redactUrl(url)} leads from one address to another more than ${most} times`,
    {
      data: { url: redactUrl(url) },
      hint: "Name the address where the file is.",
    },
  );
}

export function badRedirect(url: URL, status: number): WorldError {
  return new WorldError("HTTP_REDIRECTS", `${redactUrl(url)} answered ${status} and no address to go on to`, {
    data: { url: redactUrl(url), status },
    hint: "Name the address where the file is.",
  });
}

export function tooLarge(url: URL, maxBytes: number): InputError {
  return new InputError("HTTP_TOO_LARGE", `${redactUrl(url)} is larger than ${maxBytes} bytes`, {
    data: { url: redactUrl(url), maxBytes },
    hint: "Fetch it outside of the build, and pass its folder with --build-context.",
  });
}

export function tooSlow(url: URL, windowMs: number): WorldError {
  return new WorldError(
    "HTTP_TOO_SLOW",
    `${redactUrl(url)} sent next to nothing for ${Math.round(windowMs / 1000)} seconds`,
    { retryable: true, data: { url: redactUrl(url) }, hint: "Try again later, or use another server." },
  );
}

export function checksumMismatch(url: URL, expected: string, actual: string): InputError {
  return new InputError(
    "HTTP_CHECKSUM_MISMATCH",
    `the content of ${redactUrl(url)} has the checksum ${actual}, it should be ${expected}`,
    {
      data: { url: redactUrl(url), expected, actual },
      hint: "If the file was meant to change, put the new checksum into the build file; else do not use it.",
    },
  );
}
