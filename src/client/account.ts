import { alignedAmount, amount, badge, setAmount, time } from "./amount.ts";
import { createKeyForm } from "./key-form.ts";
import { callApi, problemText } from "./api.ts";
import { confirmLoss } from "./confirm.ts";
import type { Column } from "./data-table.ts";
import { dataTable } from "./data-table.ts";
import { button, byId, el, setText } from "./dom.ts";
import { runIdIn } from "./format.ts";
import { keyStatus } from "./key-status.ts";
import { showLoadFailure } from "./load-failure.ts";
import { pagedTable } from "./paged-table.ts";
import { announce, refreshBalance, showProblem } from "./shell.ts";
import type { Account, ApiKey, LedgerEntry, Page } from "./wire.ts";

const reasons = {
  top_up: "Top-up",
  charge: "Charge",
  correction: "Correction",
  refund: "Refund",
} as const;

const ledger = pagedTable<LedgerEntry>({
  caption: "Ledger, newest first",
  container: byId("ledger", HTMLElement),
  moreButton: byId("ledger-more", HTMLButtonElement),
  empty: "Nothing has been posted yet.",
  onProblem: (problem) => showProblem(problemText(problem)),
  columns: [
    { heading: "Time", cell: ({ createdAt }) => time(createdAt) },
    { heading: "Amount", numeric: true, cell: ({ amountCredits }) => alignedAmount(amountCredits) },
    { heading: "Reason", cell: ({ reason }) => reasons[reason] },
    {
      heading: "Balance after",
      numeric: true,
      cell: ({ balanceAfterCredits }) => alignedAmount(balanceAfterCredits),
    },
    { heading: "Reference", cell: referenceCell },
  ],
});

/** A charge refers to the call that it pays for, and so leads to its receipt on the page of the run that made it. */
function referenceCell({ reference, receiptId }: LedgerEntry): HTMLElement {
  const runId = runIdIn(reference);
  if (runId === null) return el("span", { class: "mono" }, reference);
  const anchor = typeof receiptId === "string" ? `#${receiptId}` : "";
  return el("a", { href: `/runs/${runId}${anchor}`, title: reference }, "Open run");
}

async function loadAccount() {
  const answer = await callApi<Account>("/api/v1/account");
  byId("figures", HTMLElement).setAttribute("aria-busy", "false");
  if (!answer.ok) return showProblem(problemText(answer.problem));
  const { name, availableCredits, heldCredits, balanceCredits, accountId, caps } = answer.value;
  setText(byId("account-name", HTMLElement), `${name} (${accountId})`);
  setAmount(byId("available", HTMLElement), availableCredits);
  setAmount(byId("held", HTMLElement), heldCredits);
  setAmount(byId("total", HTMLElement), balanceCredits);
  showCap(byId("cap-day", HTMLElement), caps.day);
  showCap(byId("cap-month", HTMLElement), caps.month);
}

function showCap(figure: HTMLElement, cap: Account["caps"]["day"]) {
  figure.hidden = cap === null;
  if (cap === null) return;
  figure.querySelector(".cap")?.replaceChildren(amount(cap.maxCredits));
  figure.querySelector("dd")?.replaceChildren(amount(cap.chargedCredits));
}

const keyColumns: readonly Column<ApiKey>[] = [
  {
    heading: "Label",
    wraps: true,
    cell: ({ label, keyId }) => el("span", { title: keyId }, label),
  },
  {
    heading: "May",
    wraps: true,
    cell: ({ scopes }) => el("span", { class: "mono" }, scopes.join(", ")),
  },
  { heading: "Created", cell: ({ createdAt }) => time(createdAt) },
  { heading: "Expires", cell: ({ expiresAt }) => (expiresAt === null ? "never" : time(expiresAt)) },
  {
    heading: "Cap",
    numeric: true,
    cell: (key) => capsCell(key),
  },
  { heading: "Status", cell: (key) => badge(keyStatus(key, Date.now())) },
  {
    heading: "Action",
    cell(key) {
      if (key.revokedAt !== null) return "–";
      const revoke = button("Revoke", () => void revokeKey(key), "link-button");
      revoke.setAttribute("aria-label", `Revoke ${key.label}`);
      return revoke;
    },
  },
];

function capsCell({ maxCredits, maxCreditsPerDay, maxCreditsPerMonth }: ApiKey): HTMLElement {
  const caps: [number | null, string][] = [
    [maxCredits, ""],
    [maxCreditsPerDay, " a day"],
    [maxCreditsPerMonth, " a month"],
  ];
  const lines = caps.flatMap(([credits, unit]) =>
    credits === null ? [] : [el("div", {}, amount(credits), unit)],
  );
  return el("div", {}, ...(lines.length === 0 ? ["none"] : lines));
}

async function loadKeys() {
  const container = byId("keys", HTMLElement);
  const answer = await callApi<Page<ApiKey>>("/api/v1/keys?limit=100");
  container.setAttribute("aria-busy", "false");
  if (!answer.ok) return showLoadFailure(container, answer.problem, loadKeys);
  const { items } = answer.value;
  const empty = "No key yet. Programs need one to call the API; this browser does not.";
  container.replaceChildren(
    items.length === 0
      ? el("p", { class: "empty" }, empty)
      : dataTable("API keys", keyColumns, items).element,
  );
}

async function revokeKey({ keyId, label }: ApiKey) {
  const consequence = "Programs that use it are refused from now on. This cannot be undone.";
  if (!(await confirmLoss(`Revoke “${label}”?`, consequence, "Revoke"))) return;
  const answer = await callApi(`/api/v1/keys/${keyId}`, { method: "DELETE" });
  if (!answer.ok) return showProblem(problemText(answer.problem));
  announce(`${label} is revoked.`);
  await loadKeys();
  byId("new-key", HTMLButtonElement).focus();
}

createKeyForm(() => void loadKeys());
void loadAccount();
void loadKeys();
void ledger.load("/api/v1/account/ledger?limit=25");
void refreshBalance();
