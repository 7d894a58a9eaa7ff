import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** Keeps the end of a growing list in view while somebody is there; `current` can be set by whoever goes there. */
export function useFollow(scroller: { current: HTMLElement | null }, count: number): { current: boolean } {
  const follow = useRef(false);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onScroll = () => {
      follow.current =
        element.scrollTop > 0 && element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [scroller]);
  useLayoutEffect(() => {
    if (follow.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [count, scroller]);
  return follow;
}
