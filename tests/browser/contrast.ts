import type { Page } from "playwright-core";

/** WCAG contrast of every visible text against the nearest painted background; the worst ones first. */
export function lowContrast(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })!;
    const rgba = (colour: string) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
      const [lr = 0, lg = 0, lb = 0] = [r, g, b].map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * lr + 0.7152 * lg + 0.0722 * lb;
    };
    const background = (start: Element) => {
      for (let element: Element | null = start; element !== null; element = element.parentElement) {
        const painted = rgba(getComputedStyle(element).backgroundColor);
        if (painted[3] === 255) return painted;
      }
      return [255, 255, 255, 255];
    };
    const found: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      const hasText = [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== "",
      );
      if (!hasText || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
        continue;
      if (element.closest(":disabled, .visually-hidden, noscript") !== null) continue;
      const text = luminance(rgba(getComputedStyle(element).color));
      const behind = luminance(background(element));
      const ratio = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
      if (ratio < 4.5)
        found.push(
          `${ratio.toFixed(2)} ${element.tagName} ${element.textContent.trim().slice(0, 40)}`,
        );
    }
    return found;
  });
}
