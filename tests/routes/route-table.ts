import type { Door } from "./door.ts";

export interface MountedRoute {
  method: string;
  /** As Hono writes it: `/api/v1/ai/runs/:runId`. */
  path: string;
}

/** Every handler of the API as mounted, without middleware. */
export function mountedRoutes({ app }: Door): MountedRoute[] {
  const seen = new Map<string, MountedRoute>();
  for (const { method, path } of app.routes) {
    if (method === "ALL" || !path.startsWith("/api/")) continue;
    seen.set(`${method} ${path}`, { method, path });
  }
  return [...seen.values()];
}

/** The path with every parameter filled in. */
export function filled(path: string, ids: Record<string, string>): string {
  return path.replaceAll(/:(\w+)/g, (_match, name: string) => {
    const id = ids[name];
    if (id === undefined) throw new Error(`no id for the parameter ${name}: add one to the test`);
    return id;
  });
}
