import { expect, test } from "vitest";
import { withNewestPage } from "../../src/client/newest-page.ts";

const item = (id: string, second: number, text = "") => ({
  id,
  text,
  createdAt: `2026-03-10T12:00:0${second}.000Z`,
});
const idOf = ({ id }: { id: string }) => id;

test("the page is believed about its items, their order and those that are gone", () => {
  const shown = [item("c", 3), item("b", 2), item("a", 1)];
  const items = [item("d", 4), item("c", 3, "changed")];
  expect(withNewestPage(shown, { items, nextCursor: "more" }, idOf)).toEqual([
    ...items,
    item("b", 2),
    item("a", 1),
  ]);
  const without = [item("d", 4), item("a", 1)];
  expect(withNewestPage(shown, { items: without, nextCursor: "more" }, idOf)).toEqual(without);
});

test("a page that is the last one is all there is", () => {
  expect(withNewestPage([item("a", 1)], { items: [], nextCursor: null }, idOf)).toEqual([]);
  const items = [item("b", 2)];
  expect(withNewestPage([item("b", 2), item("a", 1)], { items, nextCursor: null }, idOf)).toEqual(
    items,
  );
});
