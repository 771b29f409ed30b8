import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { markdownToHtml, plainText, safeUrl } from "../../src/client/markdown.ts";

test.each([
  ["# Title\n\n**Bold** and `code`, un*believ*able.", "Title Bold and code, unbelievable."],
  ["- one\n- [two](https://example.com/)\n", "one two"],
  ["| a | b |\n| --- | --- |\n| 1 | 2 |", "a b 1 2"],
  ["| a | b |\n", "a b"],
  ["Half of **something that", "Half of something that"],
  ["```js\nconst a = 1 < 2;\n", "const a = 1 < 2;"],
  ['3 * 4 = 12 & "so" <b>on</b>', '3 * 4 = 12 & "so" <b>on</b>'],
])("%j is read aloud as %j", (markdown, words) => {
  expect(plainText(markdown)).toBe(words);
});

describe("markdown of a model", () => {
  test("ordinary markdown is rendered", () => {
    const html = markdownToHtml("# Title\n\n**bold** and `code`\n\n- one\n- two");
    expect(html).toContain("<h1>Title</h1>");
    expect(html).toContain("<strong>bold</strong>");
    expect(html).toContain("<li>one</li>");
  });

  test.each([
    "<script>alert(1)</script>",
    "text <img src=x onerror=alert(1)> text",
    "<iframe src='https://evil.example'></iframe>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<style>*{display:none}</style>",
    '<form action="https://evil.example"><input name=x></form>',
  ])("markup is shown as text: %s", (markup) => {
    const html = markdownToHtml(markup);
    expect(html).not.toMatch(/<(script|img|iframe|svg|style|form|input)/i);
    expect(html).toContain("&lt;");
  });

  test.each([
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](\tjavascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox)",
    "[x](/account)",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
  ])("no link comes of %s", (markdown) => {
    expect(markdownToHtml(markdown)).not.toContain("href");
  });

  test("a web address becomes a link that opens apart and tells nothing", () => {
    expect(markdownToHtml("[site](https://example.com/a?b=c&d)")).toContain(
      '<a href="https://example.com/a?b=c&amp;d" rel="noopener noreferrer" target="_blank">site</a>',
    );
  });

  test("an image is a link to it, and nothing is fetched", () => {
    const html = markdownToHtml("![pixel](https://evil.example/p.png?secret)");
    expect(html).not.toContain("<img");
    expect(html).toContain(">pixel</a>");
  });

  test("an address cannot break out of its attribute", () => {
    const html = markdownToHtml(`[x](<https://example.com/"onmouseover="alert(1)>)`);
    expect(html).not.toMatch(/"\s*onmouseover/);
  });

  test("whatever the text, the only elements are those of markdown", () => {
    const known = new Set(
      "p br hr em strong del code pre blockquote a h1 h2 h3 h4 h5 h6 ul ol li table thead tbody tr th td".split(
        " ",
      ),
    );
    const fragments = fc.constantFrom(
      ...[
        "<",
        ">",
        "script",
        "img ",
        "onerror=",
        '"',
        "'",
        "[",
        "](",
        ")",
        "!",
        "`",
        "*",
        "\n",
        "|",
      ],
      ...["javascript:", "https://e.example/", "&#", "<!--", "<![CDATA[", "&lt;", " ", "- ", "# "],
    );
    fc.assert(
      fc.property(fc.array(fragments, { maxLength: 40 }), (parts) => {
        const html = markdownToHtml(parts.join(""));
        for (const [, name = ""] of html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)) {
          expect(known).toContain(name);
        }
        expect(html).not.toMatch(/href="(?!https?:|mailto:)/);
      }),
    );
  });
});

test("only absolute web and mail addresses are safe", () => {
  expect(safeUrl("https://example.com")).toBe("https://example.com/");
  expect(safeUrl("mailto:a@example.com")).toBe("mailto:a@example.com");
  expect(safeUrl("//example.com")).toBeNull();
  expect(safeUrl("file:///etc/passwd")).toBeNull();
  expect(safeUrl("")).toBeNull();
});
