import { raw } from "hono/html";
import type { Child } from "hono/jsx";

export type PageName = "chat" | "activity" | "schedules" | "account";

interface LayoutProps {
  title: string;
  /** The entry of the navigation that is marked as the current page. */
  current: PageName | null;
  /** Name of the client script under `/assets`; null for a page without one. */
  script: string | null;
  children: Child;
}

const navigation: readonly { page: PageName; href: string; label: string }[] = [
  { page: "chat", href: "/", label: "Chat" },
  { page: "activity", href: "/activity", label: "Activity" },
  { page: "schedules", href: "/schedules", label: "Schedules" },
  { page: "account", href: "/account", label: "Account" },
];

/** The frame of every page. Holds no inline script or style, because the content security policy allows none. */
export function Layout({ title, current, script, children }: LayoutProps) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · Runledger`}</title>
          <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/assets/app.css" />
          {script === null ? null : <script type="module" src={`/assets/${script}.js`} />}
        </head>
        <body class={`page-${script ?? "plain"}`}>
          <a class="skip-link" href="#main">
            Skip to content
          </a>
          <header class="topbar">
            <a class="brand" href="/" aria-label="Runledger, home">
              <img src="/favicon.svg" alt="" width="24" height="24" />
              <span class="brand-name">Runledger</span>
            </a>
            <nav aria-label="Pages">
              {navigation.map(({ page, href, label }) => (
                <a href={href} aria-current={page === current ? "page" : undefined}>
                  {label}
                </a>
              ))}
            </nav>
            <a class="balance" id="balance" href="/account" hidden={script === null}>
              <span class="balance-label">Available</span>
              <span class="money balance-exact" id="balance-amount">
                –
              </span>
              <span class="money balance-short" id="balance-short">
                –
              </span>
            </a>
          </header>
          <noscript>
            <p class="notice">Runledger needs JavaScript to show your runs and their costs.</p>
          </noscript>
          {children}
        </body>
      </html>
    </>
  );
}
