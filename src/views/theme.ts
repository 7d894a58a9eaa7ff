import { signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

/** Grows whenever the colours on the page may have changed; plots read their colours again. */
export const themeRevision = signal(0);

/**
 * Puts the theme of DevTools on the page; `undefined` follows the system. Forced colours win over either: the style
 * sheet sees to that.
 */
export function applyTheme(theme: Theme | undefined): void {
  const root = document.documentElement;
  root.dataset.theme = theme ?? (darkQuery().matches ? 'dark' : 'light');
  root.dataset.themeFrom = theme ? 'host' : 'system';
  themeRevision.value += 1;
}

/** Follows the system where the host names no theme, and tells plots when forced colours come or go. */
export function watchSystemTheme(): () => void {
  const onScheme = () => {
    if (document.documentElement.dataset.themeFrom !== 'host') applyTheme(undefined);
  };
  const onForced = () => {
    themeRevision.value += 1;
  };
  const forced = matchMedia('(forced-colors: active)');
  darkQuery().addEventListener('change', onScheme);
  forced.addEventListener('change', onForced);
  return () => {
    darkQuery().removeEventListener('change', onScheme);
    forced.removeEventListener('change', onForced);
  };
}

function darkQuery(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)');
}
