import type { Problem } from "./api.ts";
import { callApi } from "./api.ts";
import type { Column, DataTable } from "./data-table.ts";
import { dataTable } from "./data-table.ts";
import { el } from "./dom.ts";
import { showLoadFailure } from "./load-failure.ts";
import type { Page } from "./wire.ts";

interface PagedTableOptions<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  /** Shown instead of the table when there is no row. */
  empty: string;
  container: HTMLElement;
  moreButton: HTMLButtonElement;
  /** A further page could not be loaded; for the first one the table itself says so. */
  onProblem(problem: Problem): void;
}

export interface PagedTable {
  /** Shows the first page of `path`; an answer to an earlier `load` is dropped. */
  load(path: string): Promise<void>;
  /** Shows `words` in place of a table. */
  clear(words: string): void;
}

/** A table over a list with a cursor, and its "load more" button. */
export function pagedTable<Row>(options: PagedTableOptions<Row>): PagedTable {
  const { container, moreButton } = options;
  let path = "";
  let generation = 0;
  let cursor: string | null = null;
  let table: DataTable<Row> | null = null;

  async function loadPage() {
    const asked = generation;
    moreButton.disabled = true;
    container.setAttribute("aria-busy", "true");
    const answer = await callApi<Page<Row>>(withCursor(path, cursor));
    if (asked !== generation) return;
    moreButton.disabled = false;
    container.setAttribute("aria-busy", "false");
    if (!answer.ok) {
      if (table === null) showLoadFailure(container, answer.problem, loadPage);
      else options.onProblem(answer.problem);
      return;
    }
    const { items, nextCursor } = answer.value;
    if (table !== null) {
      table.append(items);
    } else if (items.length === 0) {
      container.replaceChildren(el("p", { class: "empty" }, options.empty));
    } else {
      table = dataTable(options.caption, options.columns, items);
      container.replaceChildren(table.element);
    }
    cursor = nextCursor;
    moreButton.hidden = nextCursor === null;
  }

  moreButton.addEventListener("click", () => void loadPage());
  function forget() {
    generation += 1;
    cursor = null;
    table = null;
    moreButton.hidden = true;
  }
  return {
    async load(newPath) {
      path = newPath;
      forget();
      await loadPage();
    },
    clear(words) {
      forget();
      container.setAttribute("aria-busy", "false");
      container.replaceChildren(el("p", { class: "empty" }, words));
    },
  };
}

function withCursor(path: string, cursor: string | null): string {
  if (cursor === null) return path;
  return `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}
