import { el } from "./dom.ts";

/** Asks before something is lost. True when the person agrees; Escape and Cancel mean no. Focus returns by itself. */
export function confirmLoss(question: string, consequence: string, verb: string): Promise<boolean> {
  const dialog = el(
    "dialog",
    { class: "dialog", "aria-labelledby": "confirm-question" },
    el("h2", { id: "confirm-question" }, question),
    el("p", {}, consequence),
    el(
      "form",
      { method: "dialog", class: "actions" },
      el("button", { class: "button danger", value: "yes" }, verb),
      el("button", { class: "button", value: "no", autofocus: true }, "Cancel"),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
