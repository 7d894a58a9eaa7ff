import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { themeRevision } from '../theme';
import { type Palette, readPalette } from './palette';

interface Plot {
  setPalette(palette: Palette): void;
  destroy(): void;
}

/**
 * Ties a plot to a canvas: made once per `key`, redrawn when the theme changes, destroyed with the view.
 * @param key makes a new plot when it changes (another stream)
 */
export function usePlot<P extends Plot>(
  canvas: RefObject<HTMLCanvasElement | null>,
  key: unknown,
  make: (canvas: HTMLCanvasElement, palette: Palette) => P,
): RefObject<P | null> {
  const plot = useRef<P | null>(null);
  const theme = themeRevision.value;
  const drawnTheme = useRef(theme);
  useLayoutEffect(() => {
    const element = canvas.current;
    if (!element) return;
    drawnTheme.current = themeRevision.peek();
    plot.current = make(element, readPalette(element));
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
  }, [key]);
  useEffect(() => {
    if (!canvas.current || drawnTheme.current === theme) return;
    drawnTheme.current = theme;
    plot.current?.setPalette(readPalette(canvas.current));
  }, [theme, canvas]);
  return plot;
}
