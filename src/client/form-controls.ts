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

/** The text of one field as it would be submitted; empty when there is none. Forms here hold no files. */
export function fieldText(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
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
