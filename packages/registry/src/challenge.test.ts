import { expect, it } from "vitest";
import { parseChallenges } from "./auth/challenge.ts";
import { apiHost, isLoopbackHost } from "./http/host.ts";
import { compatiblePlatforms } from "./transfer/choose-platform.ts";
import { formatPlatform, parsePlatform } from "@slipway/oci";
import { retryAfterMs } from "./http/retry-policy.ts";

it("reads several challenges with quoted and bare parameters", () => {
  expect(
    parseChallenges(
      'Bearer realm="https://a/b,c",service=x, scope="repository:a/b:pull,push" , Basic realm="say \\"hi\\""',
    ),
  ).toEqual([
    {
      scheme: "bearer",
      parameters: { realm: "https://a/b,c", service: "x", scope: "repository:a/b:pull,push" },
    },
    { scheme: "basic", parameters: { realm: 'say "hi"' } },
  ]);
  expect(parseChallenges("")).toEqual([]);
  expect(parseChallenges('Negotiate, Basic realm=""')).toHaveLength(2);
});

it("ends on every input", () => {
  for (const junk of ['"', "=", 'a="', "a=,,,b", "\u0000", "Bearer realm"])
    expect(Array.isArray(parseChallenges(junk))).toBe(true);
});

it("knows loopback hosts by name only", () => {
  for (const host of [
    "localhost",
    "localhost:5000",
    "127.0.0.1:1",
    "127.8.9.10",
    "[::1]:5000",
    "x.localhost",
  ])
    expect(isLoopbackHost(host)).toBe(true);
  for (const host of [
    "example.com",
    "127.0.0.1.example.com",
    "10.0.0.1:5000",
    "[::2]:1",
    "localhost.evil.org",
  ])
    expect(isLoopbackHost(host)).toBe(false);
  expect(apiHost("docker.io")).toBe("registry-1.docker.io");
});

it("offers older variants, best first", () => {
  const of = (text: string) => compatiblePlatforms(parsePlatform(text)).map(formatPlatform);
  expect(of("linux/arm/v7")).toEqual(["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]);
  expect(of("linux/amd64/v3")).toEqual(["linux/amd64/v3", "linux/amd64/v2", "linux/amd64", "linux/386"]);
  expect(of("linux/arm64")).toEqual([
    "linux/arm64",
    "linux/arm/v8",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/arm/v5",
  ]);
  expect(of("linux/s390x")).toEqual(["linux/s390x"]);
});

it("reads Retry-After as seconds and as a date", () => {
  expect(retryAfterMs("2", 0)).toBe(2000);
  expect(retryAfterMs("Thu, 01 Jan 1970 00:00:05 GMT", 1000)).toBe(4000);
  expect(retryAfterMs("soon", 0)).toBeUndefined();
});
