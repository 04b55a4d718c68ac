import { runCommand } from "./run-command.ts";

/** Names of the projects that `nx run-many -t test` with these arguments runs the tests of. */
export async function projectsWithTests(options: {
  /** The script of Nx. */
  nx: string;
  workspace: string;
  /** Arguments of run-many; of these, `-p`, `--projects` and `--exclude` select projects. */
  args: readonly string[];
  env: NodeJS.ProcessEnv;
}): Promise<readonly string[]> {
  const { stdout } = await runCommand(
    process.execPath,
    [options.nx, "show", "projects", "--with-target", "test", "--json", ...selection(options.args)],
    { cwd: options.workspace, env: options.env },
  );
  return JSON.parse(stdout) as string[];
}

function selection(args: readonly string[]): string[] {
  const selected: string[] = [];
  args.forEach((arg, index) => {
    if (/^(-p|--projects|--exclude)$/.test(arg)) selected.push(arg, args[index + 1] ?? "");
    else if (/^(-p|--projects|--exclude)=/.test(arg)) selected.push(arg);
  });
  return selected;
}
