import type { OpenRun } from "../open-run.ts";

/**
 * Takes back the text of calls that were not settled: such a call may be asked again and then says it anew, under the
 * same message id, or the graph goes another way and never asks. To be called in the transaction that takes the run on.
 */
export function resetUnsettledText({ events, deps }: OpenRun): void {
  const shown = deps.storage.sql
    .exec<{ message_id: string; node_key: string }>(
      `SELECT json_extract(event, '$.messageId') AS message_id, json_extract(event, '$.nodeKey') AS node_key
       FROM events AS e WHERE type IN ('text_delta', 'text_reset')
       GROUP BY message_id, node_key
       HAVING max(CASE type WHEN 'text_delta' THEN seq ELSE 0 END) > max(CASE type WHEN 'text_reset' THEN seq ELSE 0 END)
         AND NOT EXISTS (SELECT 1 FROM calls c
           WHERE c.message_id = json_extract(e.event, '$.messageId') AND c.state = 'settled')
       ORDER BY max(seq)`,
    )
    .toArray();
  for (const { message_id: messageId, node_key: nodeKey } of shown) {
    events.append({ type: "text_reset", messageId, nodeKey });
  }
}
