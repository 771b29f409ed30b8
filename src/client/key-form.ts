import { callApi, problemText } from "./api.ts";
import { byId, setText } from "./dom.ts";
import { control, refuseControl, submitOnce } from "./form-controls.ts";
import { readKeyWish } from "./key-wish.ts";

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
    const wish = readKeyWish(new FormData(form), Date.now());
    if (!wish.ok) {
      if (wish.field === null) setText(problem, wish.message);
      else refuseControl(control(form, wish.field), wish.message);
      return;
    }
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
