import { createServer } from "node:net";
import type { ProcessGroup } from "./process-group.ts";

export type HostName = "workerd" | "product";

/** Something that serves the product from a state folder, again and again. */
export interface Host {
  /** `http://127.0.0.1:<port>`, the same after every restart. */
  readonly url: string;
  /** Resolves when the product answers. */
  start(): Promise<void>;
  /** SIGKILL to all its processes, now. Resolves when they are gone. */
  kill(): Promise<void>;
}

/** What the product is configured with on every host. */
export interface HostSettings {
  /** Holds state and logs of this host; kept by the caller or removed. */
  folder: string;
  variables: Record<string, string>;
}

const readyMsMax = 120_000;

/** A host of whatever `launch` starts. */
export async function hostOf(port: number, launch: () => ProcessGroup): Promise<Host> {
  const url = `http://127.0.0.1:${port}`;
  let group: ProcessGroup | null = null;
  return {
    url,
    async start() {
      group = launch();
      for (const end = Date.now() + readyMsMax; Date.now() < end; await pause(20)) {
        if (!group.isAlive()) throw new Error("the host ended before it answered; see its log");
        const answer = await fetch(`${url}/api/v1/health`).catch(() => null);
        await answer?.arrayBuffer();
        if (answer?.ok === true) return;
      }
      throw new Error("the host did not answer in time; see its log");
    },
    async kill() {
      group?.kill();
      await group?.exited;
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
