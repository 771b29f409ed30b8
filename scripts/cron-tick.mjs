/** Fires `url` at the start of every minute, as Cloudflare's cron would; a tick that fails is said once in a row. */
export function fireEveryMinute(url) {
  let failedBefore = false;
  const arm = () => setTimeout(() => void tick(), 60_000 - (Date.now() % 60_000)).unref();
  const tick = async () => {
    arm();
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(55_000) });
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      failedBefore = false;
    } catch (error) {
      if (!failedBefore) console.warn(`The schedules were not fired this minute: ${error.message}`);
      failedBefore = true;
    }
  };
  arm();
}
