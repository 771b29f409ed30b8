/** Bytes as base64; small steps, since the arguments of one call are limited. */
export function toBase64(bytes: Uint8Array): string {
  const stepBytes = 8192;
  let binary = "";
  for (let start = 0; start < bytes.length; start += stepBytes) {
    binary += String.fromCharCode(...bytes.subarray(start, start + stepBytes));
  }
  return btoa(binary);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
