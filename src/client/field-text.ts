/** The text of one field as it would be submitted; empty when there is none. Forms here hold no files. */
export function fieldText(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value.trim() : "";
}
