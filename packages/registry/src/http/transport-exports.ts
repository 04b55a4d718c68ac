// What others than registries are spoken to with: single requests with proxies and certificates, and when to try again.
export { redactUrl } from "./redact-url.ts";
export {
  attemptsFor,
  backoffMs,
  errorCode,
  isRetryableStatus,
  pause,
  retryAfterMs,
  type RetryPolicy,
} from "./retry-policy.ts";
export { isCertificateError } from "./tls.ts";
export {
  createTransport,
  type HttpRequest,
  type HttpResponse,
  type Transport,
  type TransportOptions,
} from "./transport.ts";
