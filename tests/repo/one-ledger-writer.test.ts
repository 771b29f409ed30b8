import type { ESTree } from "vite";
import { describe, expect, it } from "vitest";
import { importsOf } from "./imports.ts";
import { at, calleeName, type Finding, readSources, type Source, visit } from "./source.ts";

const ledgerWriter = "src/billing/billing.ts";
/** Make the statements that billing.ts runs; whoever else loaded them would be a second writer. */
const statementMakers = ["src/billing/record-charge-receipt.ts", "src/billing/record-credit.ts"];
const tables = "charge_receipts|credit_ledger|receipt_corrections";
const schemaNames = /^(chargeReceipts|creditLedger|receiptCorrections)$/;
const writingSql = [
  new RegExp(String.raw`\b(insert(\s+or\s+\w+)?|replace)\s+into\s+["\`]?(${tables})\b`, "i"),
  new RegExp(String.raw`\bupdate(\s+or\s+\w+)?\s+["\`]?(${tables})\b`, "i"),
  new RegExp(String.raw`\bdelete\s+from\s+["\`]?(${tables})\b`, "i"),
  /\bset\b[^;]*\bbalance_credits["`]?\s*=/i,
];

/**
 * Three ways around the one writer: calling the function that posts a receipt, loading what makes its statements, and
 * writing the tables of the ledger directly, by SQL text or through drizzle.
 */
function otherLedgerWriters(source: Source): Finding[] {
  if (source.path === ledgerWriter) return [];
  const found: Finding[] = [];
  const checkText = (node: ESTree.Node, text: string) => {
    if (statementMakers.includes(source.path)) return;
    if (writingSql.some((pattern) => pattern.test(text)))
      found.push(at(source, node, "SQL that writes the ledger"));
  };
  visit(source, {
    CallExpression(call) {
      const name = calleeName(call);
      if (name === "recordChargeReceipt") found.push(at(source, call, "calls recordChargeReceipt"));
      const [table] = call.arguments;
      const writes = name === "insert" || name === "update" || name === "delete";
      const tableName =
        table?.type === "MemberExpression" && table.property.type === "Identifier"
          ? table.property.name
          : table?.type === "Identifier"
            ? table.name
            : "";
      if (writes && schemaNames.test(tableName))
        found.push(at(source, call, `${name}s through drizzle`));
    },
    Literal(node) {
      if (typeof node.value === "string") checkText(node, node.value);
    },
    TemplateLiteral(node) {
      // What is interpolated stands for a name, so that `INSERT INTO ${table}` is caught by its own test below.
      checkText(node, node.quasis.map((quasi) => quasi.value.raw).join(" ? "));
    },
  });
  for (const { target, kind } of importsOf(source)) {
    if (kind !== "type" && statementMakers.includes(target))
      found.push(`${source.path} loads ${target}`);
  }
  return found;
}

/** A table's name that is put together at run time would hide a write from this test. */
function computedWrites(source: Source): Finding[] {
  const found: Finding[] = [];
  visit(source, {
    TemplateLiteral(node) {
      for (const [index, quasi] of node.quasis.entries()) {
        const isLast = index === node.quasis.length - 1;
        if (!isLast && /\b(into|update|delete\s+from)\s+["`]?$/i.test(quasi.value.raw))
          found.push(at(source, node, "writes a table whose name is computed"));
      }
    },
  });
  return found;
}

describe("ONE_LEDGER_WRITER", () => {
  const sources = readSources(["src", "graphs"]);

  it("only billing.ts posts receipts and writes the tables of the ledger", () => {
    expect(sources.flatMap(otherLedgerWriters)).toEqual([]);
  });

  it("no statement computes the name of the table that it writes", () => {
    expect(sources.flatMap(computedWrites)).toEqual([]);
  });

  it("billing.ts itself calls recordChargeReceipt, so the rule is about something real", () => {
    const billing = sources.find(({ path }) => path === ledgerWriter);
    expect(billing && otherLedgerWriters({ ...billing, path: "src/other.ts" })).not.toEqual([]);
  });

  it("the files that make its statements exist and write the ledger", () => {
    for (const path of statementMakers) {
      const maker = sources.find((source) => source.path === path);
      expect(maker && otherLedgerWriters({ ...maker, path: "src/other.ts" })).not.toEqual([]);
    }
  });

  it.each([
    "await recordChargeReceipt(db, fact);",
    'import { recordCredit } from "../billing/record-credit.ts";',
    'export * from "../billing/record-charge-receipt.ts";',
    "receipts.recordChargeReceipt(db, fact);",
    'db.prepare("INSERT INTO charge_receipts (id) VALUES (?)");',
    'db.prepare("insert or replace into credit_ledger (id) values (?)");',
    "db.prepare(`\n  UPDATE charge_receipts\n  SET cost_usd = ?`);",
    "db.prepare(`DELETE FROM receipt_corrections WHERE receipt_id = ${id}`);",
    "db.prepare('REPLACE INTO \"charge_receipts\" VALUES (?)');",
    "db.prepare('update billing_accounts set balance_credits = balance_credits + ?');",
    "drizzle(db).insert(chargeReceipts).values(row);",
    "drizzle(db).update(schema.creditLedger).set(row);",
  ])("refuses elsewhere: %s", (text) => {
    expect(otherLedgerWriters({ path: "src/run/run-object.ts", text })).toHaveLength(1);
  });

  it.each([
    'db.prepare("SELECT id FROM charge_receipts WHERE run_id = ?");',
    "drizzle(db).select().from(chargeReceipts);",
    'db.prepare("UPDATE billing_accounts SET name = ? WHERE balance_credits > 0");',
    "// INSERT INTO charge_receipts",
  ])("lets through: %s", (text) => {
    expect(otherLedgerWriters({ path: "src/billing/statement.ts", text })).toEqual([]);
  });

  it("refuses a computed table name", () => {
    const text = "db.prepare(`INSERT INTO ${table} (id) VALUES (?)`);";
    expect(computedWrites({ path: "src/run/run-object.ts", text })).toHaveLength(1);
  });
});
