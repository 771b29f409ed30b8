import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Child {
  pid: number;
  /** What it printed up to the line that said it was ready. */
  output: string;
  stop(): Promise<void>;
}

export const root = fileURLToPath(new URL("../..", import.meta.url).href);
const readyMsMax = 180_000;
const running = new Set<number>();

// Also when the benchmark itself fails: nothing that it started may stay.
process.on("exit", () => running.forEach((pid) => signalGroup(pid, "SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

/** Starts a Node program in a process group of its own and waits until it prints what `ready` matches. */
export async function startChild(
  args: readonly string[],
  ready: RegExp,
  env: Record<string, string> = {},
): Promise<Child> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${args[0]} could not be started`);
  running.add(pid);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${args[0]} ${why}\n${output}`));
    const timer = setTimeout(() => fail("was not ready in time"), readyMsMax);
    let isReady = false;
    const read = (chunk: Buffer) => {
      // Later output is read and dropped, so that a full pipe does not stop the child.
      if (isReady) return;
      output += chunk.toString("utf8");
      if (!ready.test(output)) return;
      isReady = true;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("exit", () => fail("ended"));
  });
  return {
    pid,
    output,
    async stop() {
      signalGroup(pid, "SIGTERM");
      const timer = setTimeout(() => signalGroup(pid, "SIGKILL"), 10_000);
      await exited;
      clearTimeout(timer);
      running.delete(pid);
    },
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}
