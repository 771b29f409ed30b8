import { counts } from "./counts.ts";

const laterMs = 60_000;

/** By object, which may be a new instance each time. */
const bytesOf = new Map<string, number>();

/** Counts the rows and the size of an object's storage, in place: the platform takes no other object for it. */
export function countStorage({ id, storage }: DurableObjectState): void {
  const { sql } = storage;
  const exec = sql.exec.bind(sql);
  const setAlarm = storage.setAlarm.bind(storage);
  const deleteAlarm = storage.deleteAlarm.bind(storage);
  let last: SqlStorageCursor<Record<string, SqlStorageValue>> | null = null;

  /** Rows are read while a cursor is, so each is asked when the next one comes. */
  const noteLast = () => {
    counts.objectRowsRead += last?.rowsRead ?? 0;
    counts.objectRowsWritten += last?.rowsWritten ?? 0;
    last = null;
  };
  sql.exec = (query, ...bindings) => {
    // A cursor knows only the rows of the last of several statements, and so does workerd's own meter. Counted are all:
    // nobody has promised that the others stay free.
    const statements = bindings.length > 0 ? [query] : statementsOf(query);
    for (const statement of statements) {
      noteLast();
      last = exec(statement, ...bindings);
    }
    return last as never;
  };
  // Setting an alarm is billed as a row, and so are deletes. It is the last that a run does in each phase.
  const noteAlarm = () => {
    noteLast();
    counts.objectRowsWritten += 1;
    const bytes = sql.databaseSize;
    counts.objectBytes += bytes - (bytesOf.get(id.toString()) ?? 0);
    bytesOf.set(id.toString(), bytes);
  };
  storage.setAlarm = async (time, options) => {
    noteAlarm();
    // What a run does later is measured on demand: left to itself it would be counted to whoever runs then.
    const isSoon = Number(time) < Date.now() + laterMs;
    await (isSoon ? setAlarm(time, options) : deleteAlarm());
  };
  storage.deleteAlarm = (options) => {
    noteAlarm();
    return deleteAlarm(options);
  };
}

/** Good enough for the product's tables, in whose texts there is no semicolon. */
function statementsOf(query: string): string[] {
  return query.split(";").filter((statement) => statement.trim() !== "");
}
