import { readdirSync, readFileSync } from "node:fs";

/** Linux counts CPU in hundredths of a second and memory in pages, on every machine that runs this. */
const tickMs = 10;
const pageMb = 4_096 / 1_048_576;

export interface TreeUse {
  cpuMs: number;
  memoryMb: number;
}

/** What a process and all its descendants have used since they started; reaped children are counted by their parent. */
export function useOfTree(rootPid: number): TreeUse {
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)));
  const tree = new Set([rootPid]);
  for (let size = 0; size !== tree.size;) {
    size = tree.size;
    for (const { pid, parent } of processes) if (tree.has(parent)) tree.add(pid);
  }
  const use: TreeUse = { cpuMs: 0, memoryMb: 0 };
  for (const { pid, ticks, pages } of processes) {
    if (!tree.has(pid)) continue;
    use.cpuMs += ticks * tickMs;
    use.memoryMb += pages * pageMb;
  }
  return use;
}

interface ProcessRow {
  pid: number;
  parent: number;
  ticks: number;
  pages: number;
}

function readProcess(pid: number): ProcessRow[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It ended between the listing and the reading.
    return [];
  }
  // The name in parentheses may hold spaces; the numbers after it are fields 3 and on of proc(5).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const field = (number: number) => Number(fields[number - 3]);
  const ticks = field(14) + field(15) + field(16) + field(17);
  return [{ pid, parent: field(4), ticks, pages: field(24) }];
}
