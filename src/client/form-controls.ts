import { el } from "./dom.ts";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** A named control that the page's own markup promises; its absence is a bug. */
export function control(form: HTMLFormElement, name: string): Control {
  const element = form.elements.namedItem(name);
  if (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  ) {
    return element;
  }
  throw new Error(`the form has no control ${name}`);
}

export function select(form: HTMLFormElement, name: string): HTMLSelectElement {
  const element = control(form, name);
  if (element instanceof HTMLSelectElement) return element;
  throw new Error(`${name} is no select`);
}

/** Says at a control what is wrong with it, and brings the focus there. What is typed next takes it back. */
export function refuseControl(element: Control, message: string): void {
  acceptControl(element);
  const id = `${element.id}-problem`;
  element.after(el("p", { id, class: "form-problem", role: "alert" }, message));
  element.ariaInvalid = "true";
  element.setAttribute("aria-describedby", id);
  element.addEventListener("input", () => acceptControl(element), { once: true });
  element.focus();
}

export function acceptControl(element: Control): void {
  document.getElementById(`${element.id}-problem`)?.remove();
  element.ariaInvalid = null;
  element.removeAttribute("aria-describedby");
}

/**
 * Keeps a form from being sent again while it is on its way. Its button says so without `disabled`, which would take the
 * focus from the keyboard.
 */
export function submitOnce(form: HTMLFormElement, submit: () => Promise<void>): void {
  const submitter = form.querySelector<HTMLButtonElement>("button[type=submit]");
  async function submitOne() {
    if (submitter === null || submitter.ariaDisabled === "true") return;
    submitter.ariaDisabled = "true";
    await submit();
    submitter.ariaDisabled = null;
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submitOne();
  });
}
