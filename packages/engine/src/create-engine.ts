import type { Frontend } from "@slipway/frontend-sdk";
import type { SandboxDriver } from "@slipway/engine-sdk";
import { createRegistryClient, dockerCredentials, type RegistryClient } from "@slipway/registry";
import { openStore } from "@slipway/store";
import type { BuildServices } from "./build/build-services.ts";
import { runBuild } from "./build/run-build.ts";
import type { Engine, EngineOptions } from "./contracts.ts";
import { oneAhead } from "./host/one-ahead.ts";
import { checkSandboxName, chooseDriver } from "./sandbox-choice.ts";

/**
 * Puts the parts together: the one place that knows them all. What a build does not need (sandbox drivers, exporters,
 * the parsers of frontends) is loaded when it is needed.
 * @throws InputError `SANDBOX_UNKNOWN`; WorldError when the store can't be opened.
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  checkSandboxName(options.sandbox, options.sandboxes ?? []);
  const { dockerfile } = await import("@slipway/frontend-dockerfile");
  const store = await openStore({ root: options.root, ...(options.warn ? { warn: options.warn } : {}) });
  const credentials = options.credentials ?? dockerCredentials();
  const clientFor = (insecureHosts: readonly string[]): RegistryClient =>
    createRegistryClient({
      credentials,
      insecureHosts: [...(options.insecureRegistries ?? []), ...insecureHosts],
    });
  const registry = clientFor([]);
  const builtIn: readonly Frontend[] = [dockerfile];
  const own = options.frontends ?? [];
  let driver: Promise<SandboxDriver> | undefined;

  async function choose(signal: AbortSignal): Promise<SandboxDriver> {
    const given = options.sandboxes ?? [];
    return oneAhead(
      (await chooseDriver({ root: store.root, preferred: options.sandbox, given, signal })).driver,
    );
  }

  const services: BuildServices = {
    store,
    registry,
    frontends: [...builtIn.filter(({ name }) => !own.some((frontend) => frontend.name === name)), ...own],
    exporters: options.exporters ?? [],
    exporterServices: {
      registry: ({ insecureHosts = [] }) =>
        insecureHosts.length === 0 ? registry : clientFor(insecureHosts),
    },
    sandbox(signal) {
      driver ??= choose(signal).catch((error: unknown) => {
        driver = undefined;
        throw error;
      });
      return driver;
    },
    maxParallelism: options.maxParallelism,
    ...(own.length === 0 && options.codeIdentity !== undefined ? { codeIdentity: options.codeIdentity } : {}),
    deviceFolders: options.deviceFolders,
  };

  return {
    build: (request, context) => runBuild(services, request, context),
    call: async (request, context) =>
      (await import("./build/ask-frontend.ts")).call(services, request, context),
    compile: async (request, context) =>
      (await import("./build/ask-frontend.ts")).compile(services, request, context),
    async doctor(signal) {
      const { examine } = await import("./doctor.ts");
      return examine({
        root: store.root,
        preferred: options.sandbox,
        drivers: options.sandboxes ?? [],
        deviceFolders: options.deviceFolders,
        signal,
      });
    },
    usage: () => Promise.resolve(store.usage()),
    prune: (request) => store.prune(request),
    async close(ending) {
      await driver?.then((open) => open.close()).catch(() => undefined);
      registry.close();
      await store.close(ending);
    },
  };
}
