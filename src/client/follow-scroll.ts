const nearEndPx = 80;

/** Keeps the end of a growing text in sight, unless the reader has scrolled away from it. */
export function followEnd(scroller: HTMLElement, content: HTMLElement): { toEnd(): void } {
  let isFollowing = true;
  let lastTop = 0;
  scroller.addEventListener(
    "scroll",
    () => {
      const { scrollTop } = scroller;
      const below = scroller.scrollHeight - scrollTop - scroller.clientHeight;
      // Only a way up is a reader's wish: after our own jump the text may have grown before this event comes.
      if (below < nearEndPx) isFollowing = true;
      else if (scrollTop < lastTop) isFollowing = false;
      lastTop = scrollTop;
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
