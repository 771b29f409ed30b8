import DOMPurify from "dompurify";
import { markdownToHtml } from "./markdown.ts";

/** Only what the markdown renderer makes; everything else falls out, whatever a future parser lets through. */
const allowedTags = [
  ...["p", "br", "hr", "em", "strong", "del", "code", "pre", "blockquote", "a"],
  ...["h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"],
  ...["table", "thead", "tbody", "tr", "th", "td"],
];
const allowedAttributes = ["href", "rel", "target", "align", "start"];

/** Model output as inert nodes. */
export function renderMarkdown(markdown: string): DocumentFragment {
  return DOMPurify.sanitize(markdownToHtml(markdown), {
    ALLOWED_TAGS: allowedTags,
    ALLOWED_ATTR: allowedAttributes,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}
