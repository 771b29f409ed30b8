import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url).href);

export interface ProcessGroup {
  /** False once its first process is gone. */
  isAlive(): boolean;
  /** SIGKILL to every process of it, at once; no process has a chance to say or write anything. */
  kill(): void;
  /** Resolves when its first process is gone. */
  exited: Promise<void>;
}

const living = new Set<ProcessGroup>();
process.on("exit", () => living.forEach((group) => group.kill()));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/**
 * Starts a Node program as the head of a process group. Its standard input stays open for as long as this process lives,
 * and its output goes to the end of a file.
 */
export function startGroup(
  args: readonly string[],
  env: Record<string, string>,
  logPath: string,
): ProcessGroup {
  const log = openSync(logPath, "a");
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["pipe", log, log],
    detached: true,
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${args[0]} could not be started`);
  const group: ProcessGroup = {
    isAlive: () => child.exitCode === null && child.signalCode === null,
    kill() {
      // A program may have given children groups of their own.
      const heads = [pid, ...childrenOf(pid)];
      for (const head of heads) killGroup(head);
    },
    exited: new Promise((resolve) => {
      child.once("exit", () => {
        living.delete(group);
        resolve();
      });
    }),
  };
  living.add(group);
  return group;
}

/** Linux only, as SIGKILL of a group is not what other systems test here. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.split(" ").filter(Boolean).map(Number);
  } catch {
    // It is gone.
    return [];
  }
}

function killGroup(head: number): void {
  try {
    process.kill(-head, "SIGKILL");
  } catch {
    // It is gone, or in its parent's group.
  }
}
