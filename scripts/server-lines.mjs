import { stripVTControlCharacters } from "node:util";

/** wrangler's own line about a request for a static file; a page loads a handful of them. */
const staticFile = /^\[wrangler:\w+\] (?:GET|HEAD) \/(?:assets\/|favicon\.|robots\.txt)/;
/** How wrangler shows `console.warn` and `console.error`, followed by empty lines. */
const dressed = /^[^\w\s] \[(?:WARNING|ERROR)\] (\{.*\})$/u;

/**
 * A writer of chunks that passes whole lines on to `write`, without those about static files, and with the Worker's JSON
 * lines as the Worker wrote them. `end` passes on what came after the last line break.
 */
export function serverLines(write) {
  let rest = Buffer.alloc(0);
  let skipEmpty = false;
  const passLine = (line) => {
    const plain = stripVTControlCharacters(line.toString("utf8")).trim();
    if (plain === "" && skipEmpty) return;
    skipEmpty = false;
    if (staticFile.test(plain)) return;
    const json = dressed.exec(plain)?.[1];
    skipEmpty = json !== undefined;
    write(json === undefined ? line : Buffer.from(`${json}\n`));
  };
  return {
    write(chunk) {
      rest = Buffer.concat([rest, chunk]);
      for (let at = rest.indexOf(0x0a); at >= 0; at = rest.indexOf(0x0a)) {
        passLine(rest.subarray(0, at + 1));
        rest = rest.subarray(at + 1);
      }
    },
    end() {
      if (rest.length > 0) passLine(rest);
      rest = Buffer.alloc(0);
    },
  };
}
