import { Layout } from "./layout.tsx";

/** Chat: threads beside, the conversation, and a composer. Everything it lists is loaded by `client/chat.ts`. */
export function ChatPage() {
  return (
    <Layout title="Chat" current="chat" script="chat">
      <div class="chat">
        <aside class="threads" id="threads" aria-label="Chats">
          <button class="button" id="new-chat" type="button">
            New chat
          </button>
          <label class="visually-hidden" for="thread-search">
            Search chats
          </label>
          <input
            id="thread-search"
            type="search"
            dir="auto"
            placeholder="Search chats"
            autocomplete="off"
            maxlength={100}
          />
          <ul class="thread-list" id="thread-list" />
          <p class="quiet thread-note" id="thread-note" role="status">
            Loading…
          </p>
          <button class="button quiet-button" id="thread-more" type="button" hidden>
            Show older
          </button>
        </aside>
        <main class="conversation" id="main" tabindex={-1}>
          <div class="conversation-head">
            <button
              class="button quiet-button threads-toggle"
              id="threads-toggle"
              type="button"
              aria-expanded="false"
              aria-controls="threads"
            >
              Chats
            </button>
            <h1 id="thread-title" tabindex={-1} dir="auto">
              New chat
            </h1>
          </div>
          <div class="transcript" id="transcript" tabindex={0} role="region" aria-label="Messages">
            <div class="transcript-column" id="messages" />
          </div>
          <p class="visually-hidden" id="announcer" role="status" aria-live="polite" />
          <form class="composer" id="composer">
            <div class="composer-box">
              <label class="visually-hidden" for="message">
                Message
              </label>
              <textarea
                id="message"
                dir="auto"
                rows={1}
                maxlength={32_000}
                placeholder="Write a message"
                aria-describedby="composer-hint"
                autofocus
              />
              <div class="composer-row">
                <label class="visually-hidden" for="graph">
                  Graph
                </label>
                <select id="graph" disabled>
                  <option>Graphs…</option>
                </select>
                <label class="visually-hidden" for="model">
                  Model
                </label>
                <select id="model" disabled>
                  <option>Models…</option>
                </select>
                <button class="button primary" id="send" type="submit">
                  Send
                </button>
                <button class="button" id="stop" type="button" hidden>
                  Stop
                </button>
              </div>
            </div>
            <div class="composer-problem">
              <p class="form-problem" id="composer-problem" role="alert" />
              <button class="button" id="catalog-retry" type="button" hidden>
                Retry
              </button>
            </div>
            <p class="quiet composer-hint" id="composer-hint">
              Enter sends, Shift+Enter makes a new line.
            </p>
          </form>
        </main>
      </div>
    </Layout>
  );
}
