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
