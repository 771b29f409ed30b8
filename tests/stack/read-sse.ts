export interface SseEvent {
  id: string | null;
  event: string;
  data: string;
}

/** All events of an SSE answer; resolves when it has ended. */
export async function readSse(response: Response): Promise<SseEvent[]> {
  const blocks = (await response.text()).split("\n\n").filter((block) => block.includes("data: "));
  return blocks.map((block) => {
    const field = (name: string) =>
      block
        .split("\n")
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2) ?? null;
    return { id: field("id"), event: field("event") ?? "", data: field("data") ?? "" };
  });
}
