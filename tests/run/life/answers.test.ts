import { expect, it } from "vitest";
import { Answers } from "../../../src/run/life/answers.ts";
import { hasTable } from "../../../src/run/storage.ts";
import { sqliteStorage } from "../sqlite-storage.ts";

it("cost a run nothing that nobody has answered: looking for one makes no table", () => {
  const storage = sqliteStorage();
  const answers = new Answers(storage);

  expect(answers.latest()).toBeNull();
  expect(answers.find("question.0")).toBeNull();
  expect(storage.isEmpty()).toBe(true);
});

it("are found again, the latest first, until they are forgotten", () => {
  const storage = sqliteStorage();
  const answers = new Answers(storage);
  answers.put({ interruptId: "question.0", value: "yes" });
  answers.put({ interruptId: "question.1", value: { no: 1 } });
  answers.put({ interruptId: "question.0", value: "again" });

  expect(answers.latest()).toEqual({ interruptId: "question.0", value: "again" });
  expect(answers.find("question.1")).toEqual({ interruptId: "question.1", value: { no: 1 } });
  answers.remove("question.0");
  expect(answers.latest()).toEqual({ interruptId: "question.1", value: { no: 1 } });

  answers.clear();
  expect(answers.latest()).toBeNull();
  expect(hasTable(storage, "answers")).toBe(false);
  answers.put({ interruptId: "question.2", value: null });
  expect(answers.latest()).toEqual({ interruptId: "question.2", value: null });
});
