import type { PanelSurroundings, PanelWindow, RecorderControls, Recording, Theme } from '../store/types';

/** Registers the panel and gives its window whatever recording is to be shown. */
export class PanelLink {
  readonly #controls: () => RecorderControls;
  #recording: Recording;
  #window: PanelWindow | null = null;

  constructor(recording: Recording, controls: () => RecorderControls) {
    this.#recording = recording;
    this.#controls = controls;
    chrome.devtools.panels.create('Streamgauge', 'icons/16.png', 'src/views/panel/panel.html', (panel) => {
      panel.onShown.addListener((window) => {
        const shown = window as unknown as PanelWindow;
        if (shown === this.#window) return;
        this.#window = shown;
        this.#hand();
      });
    });
    addEventListener('pagehide', () => this.#window?.streamgauge?.detach());
  }

  show(recording: Recording): void {
    this.#recording = recording;
    this.#hand();
  }

  #hand(): void {
    const window = this.#window;
    if (!window) return;
    const pending = {
      recording: this.#recording,
      controls: this.#controls(),
      surroundings: surroundings(),
    };
    if (window.streamgauge)
      window.streamgauge.attach(pending.recording, pending.controls, pending.surroundings);
    else window.streamgaugePending = pending;
  }
}

function themeOf(name: string): Theme {
  return name === 'dark' ? 'dark' : 'light';
}

/** Newer than the typings: Chrome tells when the theme changes. */
interface ThemedPanels {
  themeName: string;
  setThemeChangeHandler?: (handler: (name: string) => void) => void;
}

function surroundings(): PanelSurroundings {
  const panels = chrome.devtools.panels as unknown as ThemedPanels;
  const theme = themeOf(panels.themeName);
  if (!panels.setThemeChangeHandler) return { theme };
  return {
    theme,
    onThemeChange: (listener) => panels.setThemeChangeHandler?.((name) => listener(themeOf(name))),
  };
}
