import { BASIS_POINTS_OF_ONE, chargeCredits, parseUsd } from "../base/money.ts";
import { callApi, problemText } from "./api.ts";
import { byId, setText } from "./dom.ts";
import { fieldText, submitOnce } from "./form-controls.ts";

/** The form for a new key, and the dialog that shows its secret once. */
export function createKeyForm(onCreated: () => void): void {
  const form = byId("key-form", HTMLFormElement);
  const opener = byId("new-key", HTMLButtonElement);
  const problem = byId("key-problem", HTMLElement);

  function setOpen(isOpen: boolean) {
    form.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) form.querySelector("input")?.focus();
    else opener.focus();
  }

  async function create() {
    setText(problem, "");
    const wish = readKeyWish(new FormData(form));
    if (!wish.ok) return setText(problem, wish.message);
    const answer = await callApi<{ secret: string }>("/api/v1/keys", {
      method: "POST",
      body: wish.body,
    });
    if (!answer.ok) return setText(problem, problemText(answer.problem));
    form.reset();
    setOpen(false);
    showSecret(answer.value.secret);
    onCreated();
  }

  submitOnce(form, create);
  opener.addEventListener("click", () => setOpen(form.hidden !== false));
  byId("cancel-key", HTMLButtonElement).addEventListener("click", () => setOpen(false));
}

const capNames = ["maxCredits", "maxCreditsPerDay", "maxCreditsPerMonth"] as const;

type KeyWish =
  | {
      ok: true;
      body: {
        label: string;
        scopes: string[];
        expiresAt?: string;
      } & Partial<Record<(typeof capNames)[number], number>>;
    }
  | { ok: false; message: string };

function readKeyWish(data: FormData): KeyWish {
  const text = (name: string) => fieldText(data, name);
  const label = text("label");
  if (label === "")
    return { ok: false, message: "Give the key a label, so that you know it later." };
  const scopes = data.getAll("scope").filter((scope) => typeof scope === "string");
  if (scopes.length === 0)
    return { ok: false, message: "Choose at least one thing the key may do." };
  const caps: Partial<Record<(typeof capNames)[number], number>> = {};
  for (const name of capNames) {
    const cap = text(name).replace(/^\$/, "");
    if (cap === "") continue;
    const usd = parseUsd(cap);
    const credits = usd === null ? null : chargeCredits(usd, BASIS_POINTS_OF_ONE);
    if (credits === null)
      return { ok: false, message: "A cap is an amount in dollars, such as 2.50." };
    caps[name] = credits;
  }
  const expires = text("expires");
  return {
    ok: true,
    body: {
      label,
      scopes,
      ...(expires === "" ? {} : { expiresAt: new Date(`${expires}T23:59:59`).toISOString() }),
      ...caps,
    },
  };
}

/** The secret leaves the page with the dialog. */
function showSecret(secret: string): void {
  const dialog = byId("secret-dialog", HTMLDialogElement);
  const field = byId("secret", HTMLElement);
  const note = byId("copy-note", HTMLElement);
  const selectAll = () => {
    field.focus();
    getSelection()?.selectAllChildren(field);
  };
  setText(field, secret);
  setText(note, "");
  dialog.showModal();
  selectAll();
  byId("copy-secret", HTMLButtonElement).onclick = async () => {
    selectAll();
    try {
      await navigator.clipboard.writeText(secret);
      setText(note, "Copied.");
    } catch {
      setText(note, "Your browser did not allow it. The key is selected: copy it yourself.");
    }
  };
  dialog.addEventListener("close", () => setText(field, ""), { once: true });
}
