import { el } from "./dom.ts";

export interface Column<Row> {
  heading: string;
  /** Numbers stand at the right, with digits of equal width. */
  numeric?: boolean;
  /** Of words that may stand below each other. */
  wraps?: boolean;
  cell(row: Row): Node | string;
}

export interface DataTable<Row> {
  element: HTMLTableElement;
  append(rows: readonly Row[]): void;
}

export function dataTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): DataTable<Row> {
  const body = el("tbody");
  const alignment = ({ numeric, wraps }: Column<Row>) => ({
    class: numeric === true ? "numeric" : wraps === true ? "wraps" : null,
  });
  const element = el(
    "table",
    {},
    el("caption", { class: "visually-hidden" }, caption),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ...columns.map((column) =>
          el("th", { scope: "col", ...alignment(column) }, column.heading),
        ),
      ),
    ),
    body,
  );
  function append(more: readonly Row[]) {
    for (const row of more) {
      body.append(
        el("tr", {}, ...columns.map((column) => el("td", alignment(column), column.cell(row)))),
      );
    }
  }
  append(rows);
  return { element, append };
}
