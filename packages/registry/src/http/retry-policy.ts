import { setTimeout as delay } from "node:timers/promises";

/** How often and how fast failed requests are tried again. */
export interface RetryPolicy {
  /** Requests in all, the first one included. Default 6. */
  readonly attempts: number;
  /** The first pause; each further one is twice as long, plus or minus a quarter. Default 250. */
  readonly initialDelayMs: number;
  /** No pause is longer, whatever `Retry-After` says. Default 30,000. */
  readonly maxDelayMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = { attempts: 6, initialDelayMs: 250, maxDelayMs: 30_000 };

/** Attempts when nobody listens or nothing answers at all: a registry that is down should be told soon. */
const CONNECT_ATTEMPTS = 3;

const TRANSIENT_CODES = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ERR_STREAM_PREMATURE_CLOSE",
  "HPE_INVALID_EOF_STATE",
  "HPE_CB_MESSAGE_COMPLETE",
]);
const CONNECT_CODES = new Set(["ETIMEDOUT", "EAI_AGAIN", "ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH"]);

/** The `code` of a Node error; of an AggregateError (several addresses tried), that of its first part. */
export function errorCode(error: unknown): string {
  const { code, errors } = (error ?? {}) as { code?: unknown; errors?: unknown[] };
  if (typeof code === "string") return code;
  return Array.isArray(errors) && errors.length > 0 ? errorCode(errors[0]) : "";
}

/** How many attempts a connection error deserves in all: 1 when trying again can't help. */
export function attemptsFor(error: unknown, policy: RetryPolicy): number {
  const code = errorCode(error);
  if (!TRANSIENT_CODES.has(code)) return 1;
  return CONNECT_CODES.has(code) ? Math.min(CONNECT_ATTEMPTS, policy.attempts) : policy.attempts;
}

export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** `Retry-After` in milliseconds, from seconds or an HTTP date; undefined when absent or unreadable. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** The pause before attempt `attempt + 1`; attempts count from 1. */
export function backoffMs(attempt: number, policy: RetryPolicy, retryAfter?: number): number {
  if (retryAfter !== undefined) return Math.min(retryAfter, policy.maxDelayMs);
  // Jitter, so that the parallel transfers of one build do not all come back in the same instant.
  const jitter = 0.75 + Math.random() / 2;
  return Math.min(policy.initialDelayMs * 2 ** (attempt - 1) * jitter, policy.maxDelayMs);
}

/** Waits; rejects with the signal's reason when it is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
