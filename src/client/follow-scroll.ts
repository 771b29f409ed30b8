const nearEndPx = 80;

/** Keeps the end of a growing text in sight, unless the reader has scrolled away from it. */
export function followEnd(scroller: HTMLElement, content: HTMLElement): { toEnd(): void } {
  let isFollowing = true;
  scroller.addEventListener(
    "scroll",
    () => {
      const below = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
      isFollowing = below < nearEndPx;
    },
    { passive: true },
  );
  const jump = () => scroller.scrollTo({ top: scroller.scrollHeight });
  new ResizeObserver(() => {
    if (isFollowing) jump();
  }).observe(content);
  return {
    toEnd() {
      isFollowing = true;
      jump();
    },
  };
}
