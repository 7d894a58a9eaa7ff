/** Colours of the plots, taken from the same tokens as the rest of the page, so that themes and forced colours hold. */
export interface Palette {
  ink: string;
  dim: string;
  grid: string;
  surface: string;
  arrived: string;
  bytes: string;
  server: string;
  idle: string;
  idleInk: string;
  error: string;
  warning: string;
  cursor: string;
  font: string;
}

const TOKENS: Record<Exclude<keyof Palette, 'font'>, string> = {
  ink: '--ink',
  dim: '--ink-dim',
  grid: '--line-soft',
  surface: '--surface',
  arrived: '--plot-arrived',
  bytes: '--plot-bytes',
  server: '--plot-server',
  idle: '--plot-idle',
  idleInk: '--plot-idle-ink',
  error: '--error',
  warning: '--warning',
  cursor: '--plot-cursor',
};

/** Reads the tokens as they stand on `element` now. */
export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const colours = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => [name, style.getPropertyValue(token).trim() || 'gray']),
  ) as Record<keyof typeof TOKENS, string>;
  return { ...colours, font: style.fontFamily || 'sans-serif' };
}
