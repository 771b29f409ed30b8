import { Layout } from "./layout.tsx";

export interface ErrorPageProps {
  status: number;
  message: string;
  requestId: string;
}

const headings: Readonly<Record<number, string>> = {
  401: "You are not signed in",
  403: "This is not allowed",
  404: "There is nothing here",
  429: "Too many requests",
};

/** What a person sees instead of a JSON error. Needs no script, so that it also works for somebody without access. */
export function ErrorPage({ status, message, requestId }: ErrorPageProps) {
  const heading = headings[status] ?? "Something went wrong";
  return (
    <Layout title={heading} current={null} script={null}>
      <main class="sheet error-page" id="main" tabindex={-1}>
        <p class="error-status">{status}</p>
        <h1>{heading}</h1>
        <p>{message}</p>
        <p class="actions">
          <a class="button primary" href="/">
            Go to chat
          </a>
        </p>
        <p class="quiet">
          Request <span class="mono">{requestId}</span>
        </p>
      </main>
    </Layout>
  );
}
