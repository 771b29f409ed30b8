import type { Child } from "hono/jsx";

interface FieldProps {
  /** Of the control inside. */
  id: string;
  label: string;
  wide?: boolean;
  children: Child;
}

/** A control under its label. The label stands beside the control, so that a select's options are not read as part of it. */
export function Field({ id, label, wide = false, children }: FieldProps) {
  return (
    <div class={wide ? "field wide" : "field"}>
      <label for={id}>{label}</label>
      {children}
    </div>
  );
}
