import { readD1Migrations } from "@cloudflare/vitest-plugin";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { auditLedger } from "../../src/billing/audit.ts";
import { activityRows } from "../../src/billing/statement-activity-rows.ts";
import { activity } from "../../src/billing/statement-activity.ts";
import { countReads } from "../billing/count-reads.ts";
import { graphs, makeReceipts, models, rare } from "../billing/make-receipts.ts";

/**
 * `node tests/bench/measure-activity.ts 1000000`: one account with so many receipts in a new D1, and what the activity
 * page and the audit read of it. A million take some minutes to make.
 */
const receipts = Number(process.argv[2] ?? 100_000);
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const end = Date.UTC(2026, 5, 1);

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    name: "measured",
    modules: true,
    script: "export default { fetch: () => new Response() }",
    compatibilityDate: "2026-10-01",
    d1Databases: { DB: "measured" },
  }),
);
const inner = await miniflare.getD1Database("DB");
for (const { queries } of await readD1Migrations("./migrations")) {
  await inner.batch(queries.map((query) => inner.prepare(query)));
}
const { db, take } = countReads(inner);

async function measure(name: string, read: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await read();
  console.log(
    `${name.padEnd(45)} ${String(take()).padStart(9)} rows read ${Math.round(performance.now() - start)} ms`,
  );
}

const began = performance.now();
const { accountId } = await makeReceipts(inner, { receipts, end });
console.log(`${receipts} receipts made in ${Math.round((performance.now() - began) / 1_000)} s`);

const month = { accountId, from: end - 30 * dayMs, to: end, step: "1d", groupBy: "model" } as const;
await measure("series, 30 days by day", () => activity(db, { ...month, timeZone: "UTC" }, end));
for (const [timeZone, offset] of [
  ["Europe/Berlin", 2],
  ["Asia/Tokyo", 9],
  ["Asia/Kolkata", 5.5],
] as const) {
  const moved = { from: month.from - offset * hourMs, to: month.to - offset * hourMs };
  await measure(`series, 30 days by day, ${timeZone}`, () =>
    activity(db, { ...month, ...moved, timeZone }, end),
  );
}
const odd = { from: month.from + 10.3 * hourMs, to: month.to + 10.3 * hourMs };
await measure("series, 30 days to a moment of the day", () =>
  activity(db, { ...month, ...odd, timeZone: "UTC" }, end),
);
await measure("series, 7 days by 6 hours", () =>
  activity(db, { ...month, from: end - 7 * dayMs, step: "6h", timeZone: "UTC" }, end),
);

const graphId = graphs[1];
const model = models[1];
for (const filters of [
  {},
  { graphId },
  { model },
  { trigger: "chat" },
  { graphId, model },
  { graphId, trigger: "chat" },
  { model, trigger: "chat" },
  { graphId, model, trigger: "chat" },
  { graphId: rare.graphId },
  { model: rare.model },
  { trigger: rare.trigger },
  { graphId, model: rare.model },
] as const) {
  const wish = { accountId, from: end - 90 * dayMs, to: end, ...filters, limit: 20 };
  await measure(`page ${JSON.stringify(filters)}`, () => activityRows(db, wish));
}

for (const extent of ["recent", "all"] as const) {
  await measure(`audit of ${extent}`, async () => {
    const report = await auditLedger(db, { now: end, paidModels: models, extent });
    const { oldestUnsettledSeconds: _, ...findings } = report;
    const found = Object.entries(findings).filter(([, { count }]) => count > 0);
    if (found.length > 0) console.log("found", JSON.stringify(found));
  });
}
await miniflare.dispose();
