import { Marked } from "marked";

const linkProtocols = new Set(["http:", "https:", "mailto:"]);

/**
 * Turns what a model wrote into HTML. Markup in the text is shown as text. Images become links: a picture from a foreign
 * host would tell that host who reads, and what was in its address. Only web and mail addresses become links.
 * `sanitize.ts` checks the outcome a second time.
 */
export function markdownToHtml(markdown: string): string {
  return parser.parse(markdown, { async: false });
}

const parser = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html({ text }) {
      return escapeHtml(text);
    },
    image({ href, text }) {
      return link(href, escapeHtml(text === "" ? "image" : text));
    },
    link({ href, tokens }) {
      return link(href, this.parser.parseInline(tokens));
    },
    checkbox({ checked }) {
      return checked ? "☑ " : "☐ ";
    },
  },
});

function link(href: string, labelHtml: string): string {
  const url = safeUrl(href);
  if (url === null) return labelHtml;
  return `<a href="${escapeHtml(url)}" rel="noopener noreferrer" target="_blank">${labelHtml}</a>`;
}

/** null for anything but an absolute web or mail address. */
export function safeUrl(href: string): string | null {
  const url = URL.parse(href);
  return url !== null && linkProtocols.has(url.protocol) ? url.href : null;
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const characters = new Map(Object.entries(escapes).map(([character, code]) => [code, character]));

/** The words of a piece of Markdown on one line, for reading aloud: also of a piece whose marks do not close. */
export function plainText(markdown: string): string {
  return markdownToHtml(markdown)
    .replace(/<\/?(?:strong|em|del|code|a)\b[^>]*>/g, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/&#?\w+;/g, (code) => characters.get(code) ?? code)
    .replace(/\*{2,}|_{2,}|~{2,}|`+|\||-{3,}/g, " ")
    .replace(/\s+/g, " ")
    .trim();
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}
