const nearEndPx = 80;

/**
 * Keeps the end of a growing text in sight, unless the reader has scrolled away from it, or opens something: then what
 * was opened stays where it is.
 */
export function followEnd(scroller: HTMLElement, content: HTMLElement): { toEnd(): void } {
  let isFollowing = true;
  let isReaders = false;
  let lastTop = 0;
  const isNearEnd = () =>
    scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < nearEndPx;
  content.addEventListener("click", ({ target }) => {
    // Also what the keyboard does; before the content grows.
    if (target instanceof Element && target.closest("summary") !== null) isReaders = true;
  });
  scroller.addEventListener(
    "scroll",
    () => {
      const { scrollTop } = scroller;
      // Only a way up is a reader's wish: after our own jump the text may have grown before this event comes.
      if (isNearEnd()) isFollowing = true;
      else if (scrollTop < lastTop) isFollowing = false;
      lastTop = scrollTop;
    },
    { passive: true },
  );
  const jump = () => scroller.scrollTo({ top: scroller.scrollHeight });
  const observer = new ResizeObserver(() => {
    if (isReaders) isFollowing &&= isNearEnd();
    isReaders = false;
    if (isFollowing) jump();
  });
  observer.observe(content);
  // It gets smaller when something appears below it.
  observer.observe(scroller);
  return {
    toEnd() {
      isFollowing = true;
      jump();
    },
  };
}
