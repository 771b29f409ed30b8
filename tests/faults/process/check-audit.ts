import type { AuditReport } from "../../../src/billing/audit-report.ts";
import { findingKinds } from "../../../src/billing/audit-report.ts";
import { adminToken, type ProductApi } from "./product-api.ts";

/** However often it was killed, the product's own audit finds nothing. */
export async function checkAudit(api: ProductApi, say: (what: string) => void): Promise<void> {
  const { body: report } = await api.send<AuditReport>("GET", "/api/v1/admin/audit", {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  for (const kind of findingKinds) {
    const { count, ids } = report[kind];
    if (count > 0) say(`its audit finds ${count} ${kind}: ${ids.join(" ")}`);
  }
}
