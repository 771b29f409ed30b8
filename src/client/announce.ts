/**
 * What a screen reader should be told next of a text that grows: whole sentences only, because half a word announced
 * twelve times a second is noise. `from` is the length already told. At the end of the text the rest is told as well.
 */
export function nextAnnouncement(
  text: string,
  from: number,
  isComplete: boolean,
): { spoken: string; upTo: number } {
  if (isComplete) return { spoken: text.slice(from).trim(), upTo: text.length };
  const fresh = text.slice(from);
  const end = Math.max(...[". ", "! ", "? ", "\n"].map((mark) => fresh.lastIndexOf(mark)));
  if (end === -1) return { spoken: "", upTo: from };
  return { spoken: fresh.slice(0, end + 1).trim(), upTo: from + end + 1 };
}
