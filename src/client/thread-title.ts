const lengthMax = 80;

/** The title that the server will give a thread after its first message: one line, cut between code points and never inside one. */
export function threadTitle(message: string): string {
  const points = [...message.replace(/\s+/g, " ").trim()];
  if (points.length <= lengthMax) return points.join("");
  return `${points.slice(0, lengthMax - 1).join("")}…`;
}
